// A Z-API that survives: it stands on both sides of a bot, which it starts,
// kills and starts again. It posts numbered texts as webhooks (again until
// they get their 200, one after the other in each chat, duplicates beside),
// and answers the bot's calls as it is told, keeping what it got.
//
// One command a line on stdin, {"do": name, …}; one line of JSON on stdout for
// each, when it is done or its `seconds` are over ({"error": …}). See rig.lua.
// Ends, and the bot with it, when stdin does.
'use strict'
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const readline = require('node:readline')

const SECRET = 'rig-secret-0123456789'
const INSTANCE = '3C0FFEE0000000000000000000000001'
const START = 1767225600000
const TOKEN = 'B0B0B0B0B0B0B0B0B0B0' // and which life of the bot it is, in four digits

// Numbers that a seed repeats (mulberry32).
let state = 1
function random () {
  state = (state + 0x6D2B79F5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

// ---- what waits for something to become true

const waiters = new Set()
function check () {
  for (const w of waiters) {
    let error
    try {
      if (!w.test()) continue
    } catch (e) { error = e }
    waiters.delete(w)
    clearTimeout(w.timer)
    if (error) w.reject(error)
    else w.resolve()
  }
}
async function until (what, seconds, test) {
  if (test()) return
  await new Promise((resolve, reject) => {
    const w = { test, resolve, reject }
    w.timer = setTimeout(() => {
      waiters.delete(w)
      reject(new Error(`${what}: not in ${seconds} s`))
    }, seconds * 1000)
    waiters.add(w)
  })
}

// ---- Z-API's API: what the bot calls

const calls = [] // {phone, text, how, at, life}
const modes = { all: { how: 'ok' } }
const sockets = new Set()
let port = 0
let inFlight = 0

function reply (res, status, body) {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(body))
}

function accepted (res, n) {
  const id = 'RIG' + String(n).padStart(17, '0')
  reply(res, 200, { zaapId: 'Z' + id, messageId: id, id })
}

// hang: read, and no answer ever; close: read, then the connection is gone.
function answer (req, res, n, mode) {
  if (mode.how === 'hang') return
  if (mode.how === 'close') return req.socket.destroy()
  if (mode.how === 'ok') return accepted(res, n)
  reply(res, Number(mode.how), { error: 'the rig was told so' })
}

function onSend (req, res, body) {
  const phone = String(body.phone)
  const mode = modes[phone] || modes.all
  const life = Number(/\/token\/\w+(\d{4})\//.exec(req.url)[1])
  calls.push({ phone, text: body.message, how: mode.how, at: Date.now(), life })
  const n = calls.length
  const wait = (mode.ms || 0) + random() * (mode.jitter || 0)
  inFlight++
  res.on('close', () => { inFlight--; check() })
  if (wait > 0) setTimeout(answer, wait, req, res, n, mode)
  else answer(req, res, n, mode)
  check()
}

const api = http.createServer((req, res) => {
  let text = ''
  req.setEncoding('utf8')
  req.on('data', (part) => { text += part })
  req.on('end', () => {
    if (req.method === 'POST' && req.url.endsWith('/send-text')) {
      onSend(req, res, JSON.parse(text))
    } else if (req.url.endsWith('/status')) {
      reply(res, 200, { connected: true, smartphoneConnected: true, error: null })
    } else {
      reply(res, 404, { error: 'NOT_FOUND' })
    }
  })
})
api.keepAliveTimeout = 0
api.requestTimeout = 0
api.on('connection', (s) => {
  sockets.add(s)
  s.on('close', () => sockets.delete(s))
  s.on('error', () => {})
})
function listen () {
  return new Promise((resolve) => api.listen(port, '127.0.0.1', () => {
    port = api.address().port
    resolve()
  }))
}

// ---- the bot

const host = { child: null, door: null, admin: null, log: '', starts: 0, end: null }

function onLog (text) {
  host.log += text
  const from = host.logFrom
  const tail = host.log.slice(from)
  host.door = (/listening (\S+) \(webhook\)/.exec(tail) || [])[1] || null
  host.admin = (/listening (\S+) \(admin\)/.exec(tail) || [])[1] || null
  if (host.door) host.quick = true
  check()
  pump()
}

function start (c) {
  if (c.argv) host.how = c
  const { argv, cwd, env } = host.how
  Object.assign(host, { door: null, admin: null, end: null, quick: false, logFrom: host.log.length })
  host.starts++
  const clean = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^ZAPI/.test(name)) clean[name] = value
  }
  const child = spawn(argv[0], argv.slice(1), {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...clean,
      ZAPI_BASE_URL: `http://127.0.0.1:${port}`,
      ZAPI_INSTANCE_ID: INSTANCE,
      ZAPI_TOKEN: TOKEN + String(host.starts).padStart(4, '0'),
      ZAPI_CLIENT_TOKEN: 'F00DF00DF00DF00DF00DF00DF00DF00DS',
      ZAPIBOT_WEBHOOK_SECRET: SECRET,
      ZAPIBOT_LISTEN: '127.0.0.1:0',
      ZAPIBOT_ADMIN_LISTEN: '127.0.0.1:0',
      ...env
    }
  })
  host.child = child
  host.began = performance.now()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    // What is read of the log while it starts finds the addresses; later it is only kept.
    stream.on('data', (text) => {
      if (child !== host.child || host.quick) host.log += text
      else onLog(text)
      check()
    })
  }
  // `close` and not `exit`: its whole log has been read by then.
  child.on('close', (code, signal) => {
    if (child !== host.child) return
    Object.assign(host, { child: null, door: null, admin: null, end: { code, signal } })
    check()
  })
  return child.pid
}

const ended = (seconds) => until('the end of the bot', seconds || 30, () => !host.child)
const ready = (seconds) => until('the bot listens', seconds || 20, () => {
  if (!host.child) throw new Error('the bot ended:\n' + host.log.slice(-2000))
  return host.door
})

// ---- webhooks: what the bot is told

const agent = new http.Agent({ keepAlive: true, maxSockets: 512 })
const chats = [] // {phone, queue: [n…], busy, done: [n…]}
let idle = [] // chats that may post
const posted = { sent: 0, ok: 0, refused: 0, broken: 0, again: 0, slowest: 0 }
const answered = new Set()
let connections = 8
let open = 0
let waiting = 0 // numbers that have no 200 yet
let duplicates = 0
let next = 1

function bodyOf (n, phone) {
  return JSON.stringify({
    instanceId: INSTANCE,
    messageId: 'EV' + String(n).padStart(18, '0'),
    phone,
    chatLid: `1${phone}@lid`,
    fromMe: false,
    fromApi: false,
    isGroup: false,
    isEdit: false,
    isNewsletter: false,
    waitingMessage: false,
    momment: START + n,
    status: 'RECEIVED',
    senderName: 'Pessoa Exemplo',
    type: 'ReceivedCallback',
    text: { message: String(n) }
  })
}

// One request; resolves to a status, 0 when there was none.
function post (body, patience) {
  const [address, p] = (host.door || '127.0.0.1:1').split(':')
  const began = performance.now()
  return new Promise((resolve) => {
    const req = http.request({
      agent, host: address, port: Number(p), method: 'POST', path: `/webhook/${SECRET}`,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    }, (res) => {
      posted.slowest = Math.max(posted.slowest, performance.now() - began)
      res.on('error', () => {})
      res.resume()
      resolve(res.statusCode)
    })
    req.setTimeout(patience || 10000, () => req.destroy(new Error('slow')))
    req.on('error', () => resolve(0))
    req.end(body)
  })
}

function count (status, n) {
  if (status === 200) {
    posted.ok++
    if (n && !answered.has(n)) {
      answered.add(n)
      waiting--
    }
  } else if (status === 0) posted.broken++
  else posted.refused++
}

// The same body once more, beside everything else.
function postAgain (n, chat) {
  posted.again++
  post(bodyOf(n, chat.phone)).then((status) => { count(status, n); check() })
}

async function postHead (chat) {
  const n = chat.queue[0]
  open++
  posted.sent++
  if (random() < duplicates) postAgain(n, chat)
  const status = await post(bodyOf(n, chat.phone))
  open--
  count(status, n)
  if (status === 200) {
    chat.queue.shift()
    chat.last = n
    if (chat.last && random() < duplicates) postAgain(chat.last, chat)
    if (chat.queue.length) idle.push(chat)
  } else {
    setTimeout(() => { idle.push(chat); pump() }, 2 + random() * 10)
  }
  pump()
  check()
}

function pump () {
  if (!host.door) return
  while (open < connections && idle.length) postHead(idle.shift())
}

function push (chat, n) {
  if (chat.queue.push(n) === 1) idle.push(chat)
  waiting++
}

function chatAt (i) {
  while (chats.length <= i) chats.push({ phone: String(5511900000000 + chats.length), queue: [] })
  return chats[i]
}

// ---- commands

const commands = {
  start: (c) => ({ pid: start(c) }),
  pid: () => host.child.pid,
  async ready (c) {
    await ready(c.seconds)
    return { seconds: (performance.now() - host.began) / 1000, door: host.door, admin: host.admin }
  },
  async kill (c) {
    if (host.child) host.child.kill(c.signal || 'SIGKILL')
    await ended(c.seconds)
    return host.end
  },
  // Only the signal; `ended` waits.
  signal (c) { host.child.kill(c.signal); return {} },
  async ended (c) { await ended(c.seconds); return host.end },
  setup (c) {
    if (c.seed) state = c.seed
    connections = c.connections || connections
    duplicates = c.duplicates ?? duplicates
    return {}
  },
  // `count` numbers over `chats` chats, from chat `from`.
  events (c) {
    const first = next
    for (let i = 0; i < c.count; i++) push(chatAt((c.from || 0) + i % c.chats), next++)
    pump()
    return { first, last: next - 1 }
  },
  // Bodies as they are, in turn; the statuses of their answers.
  async post (c) {
    const list = []
    for (const body of c.bodies) {
      const status = await post(body, c.patience)
      count(status)
      list.push(status)
    }
    return list
  },
  async together (c) {
    const list = await Promise.all(c.bodies.map((body) => post(body, c.patience)))
    list.forEach((status) => count(status))
    return list
  },
  body: (c) => bodyOf(c.n, c.phone || chatAt(c.chat || 0).phone),
  phone: (c) => chatAt(c.chat).phone,
  mode (c) {
    modes[c.phone || 'all'] = { how: c.how || 'ok', ms: c.ms, jitter: c.jitter }
    return {}
  },
  // Z-API is gone: nobody listens, every connection is cut.
  gone () {
    return new Promise((resolve) => {
      api.close(() => resolve({}))
      for (const s of sockets) s.destroy()
    })
  },
  async back () { await listen(); return {} },
  async answered (c) {
    const all = () => waiting === 0
    const some = () => posted.ok >= c.at_least
    await until('webhooks have their 200', c.seconds || 30, c.at_least ? some : all)
    return commands.stats()
  },
  // All have their 200, or some were refused.
  async settled (c) {
    const before = posted.refused
    await until('webhooks are answered', c.seconds || 30,
      () => waiting === 0 || posted.refused >= before + 5)
    return commands.stats()
  },
  async called (c) {
    await until(`${c.at_least} calls`, c.seconds || 30, () => calls.length >= c.at_least)
    return commands.stats()
  },
  // Calls that the bot makes now and that have no answer.
  async flying (c) {
    await until(`${c.at_least} calls in flight`, c.seconds || 20, () => inFlight >= c.at_least)
    return { flying: inFlight }
  },
  async logged (c) {
    const pattern = new RegExp(c.pattern)
    await until(`log ${c.pattern}`, c.seconds || 20, () => pattern.test(host.log.slice(c.from || 0)))
    return { at: host.log.length, text: pattern.exec(host.log.slice(c.from || 0))[0] }
  },
  log: () => host.log,
  stats: () => ({ ...posted, waiting, answered: answered.size, calls: calls.length, inFlight, logged: host.log.length }),
  // [chat, text, how it was answered, when, life of the bot] of every call, in order of arrival.
  calls: () => calls.map((call) => [call.phone, call.text, call.how, call.at, call.life]),

  // SIGKILL, again and again. Each life gets new events; what has no 200 yet is posted
  // again to the next. How many ended at which kind of moment.
  async crash (c) {
    const seen = {}
    for (let k = 0; k < c.kills; k++) {
      for (let i = 0; i < c.events; i++) push(chatAt(Math.floor(random() * c.chats)), next++)
      start({})
      const name = pick()
      seen[name] = (seen[name] || 0) + 1
      await moments[name](c)
      if (!host.child && name !== 'stopping') {
        throw new Error('the bot ended by itself:\n' + host.log.slice(-3000))
      }
      if (host.child) host.child.kill('SIGKILL')
      await ended()
    }
    return seen
  }
}

// ---- the moments at which it is killed

const quiet = () => waiting === 0 && inFlight === 0
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// Until so much more has happened. Nothing more may happen, as all is answered.
async function more (what, most) {
  const goal = what() + 1 + Math.floor(random() * most)
  await until('progress', 10, () => !host.child || what() >= goal || quiet())
}

const moments = {
  starting: (c) => pause(random() * c.start_ms),
  async serving (c) {
    await ready()
    await more(() => posted.ok + calls.length, c.events * 2)
    await pause(random() * 12)
  },
  // The very moment a 200 is here: its event has to be on disk.
  async answering (c) {
    await ready()
    await more(() => posted.ok, c.events)
  },
  // The very moment a call is here: its row has to be on disk.
  async calling (c) {
    await ready()
    await more(() => calls.length, c.events)
  },
  // While it ends by itself.
  async stopping (c) {
    await moments.serving(c)
    host.child.kill('SIGTERM')
    await pause(random() * 60)
  }
}
const pick = () => {
  const names = Object.keys(moments)
  return names[Math.floor(random() * names.length)]
}

async function onCommand (line) {
  let result
  try {
    const c = JSON.parse(line)
    result = await commands[c.do](c)
  } catch (e) {
    result = { error: `${e.message}\n--- the bot's log ends:\n${host.log.slice(-3000)}` }
  }
  fs.writeSync(1, JSON.stringify(result) + '\n')
}

async function main () {
  await listen()
  let turn = Promise.resolve()
  readline.createInterface({ input: process.stdin })
    .on('line', (line) => { turn = turn.then(() => onCommand(line)) })
    .on('close', () => {
      if (host.child) host.child.kill('SIGKILL')
      process.exit(0)
    })
}
main()
