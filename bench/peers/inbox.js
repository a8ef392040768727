// The peer of `zapibot bench/inbox/bot.lua`: echo.js with a durable inbox, as one
// writes it with better-sqlite3. synchronous=FULL; the 200 comes after the commit,
// and an event's row goes once its answer was sent.
//   PEER_COMMIT=request  a transaction for each write, as it is usually done
//   PEER_COMMIT=group    what came in one turn of the loop is one transaction
// It keeps no order per chat, finds no duplicates, and does not note what it
// sends: it does less than zapibot does.
import Database from 'better-sqlite3'
import Fastify from 'fastify'
import { Pool } from 'undici'

const {
  ZAPI_BASE_URL, ZAPI_INSTANCE_ID, ZAPI_TOKEN, ZAPI_CLIENT_TOKEN,
  ZAPIBOT_WEBHOOK_SECRET, ZAPIBOT_LISTEN = '127.0.0.1:0', PEER_DATA, PEER_COMMIT
} = process.env

const db = new Database(PEER_DATA)
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec(`CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY AUTOINCREMENT,
  instance TEXT, chat TEXT, message_id TEXT, received_at REAL, body TEXT)`)
const insert = db.prepare(`INSERT INTO event (instance, chat, message_id, received_at, body)
  VALUES (?, ?, ?, ?, ?)`)
const remove = db.prepare('DELETE FROM event WHERE seq = ?')

const store = (event) => insert.run(event.instanceId, event.phone, event.messageId,
  Date.now() / 1000, JSON.stringify(event)).lastInsertRowid

// Writes of one turn of the loop: {run, done}.
let batch = []
const writeBatch = db.transaction((list) => {
  for (const write of list) write.result = write.run()
})
function flush () {
  const list = batch
  batch = []
  writeBatch(list)
  for (const write of list) write.done?.(write.result)
}
function grouped (run, done) {
  if (batch.push({ run, done }) === 1) setImmediate(flush)
}
function atOnce (run, done) {
  const result = run()
  done?.(result)
}
const write = PEER_COMMIT === 'group' ? grouped : atOnce

const pool = new Pool(ZAPI_BASE_URL, { connections: 64, pipelining: 1 })
const path = `/instances/${ZAPI_INSTANCE_ID}/token/${ZAPI_TOKEN}/send-text`
const headers = {
  'content-type': 'application/json',
  'client-token': ZAPI_CLIENT_TOKEN
}

async function sendText (phone, message) {
  const body = JSON.stringify({ phone, message })
  const reply = await pool.request({ method: 'POST', path, headers, body })
  const result = await reply.body.json()
  if (!result.messageId) {
    throw new Error(`not sent: ${JSON.stringify(result)}`)
  }
  return result
}

async function onEvent (event, seq) {
  if (event.type === 'ReceivedCallback' && !event.fromMe && event.text) {
    await sendText(event.phone, event.text.message)
  }
  write(() => remove.run(seq))
}

const app = Fastify({ logger: false, bodyLimit: 1024 * 1024 })

app.post('/webhook/:secret', (request, reply) => {
  if (request.params.secret !== ZAPIBOT_WEBHOOK_SECRET) {
    return reply.code(401).send()
  }
  const event = request.body
  write(() => store(event), (seq) => {
    reply.code(200).send()
    onEvent(event, seq).catch((error) => console.error(error))
  })
})

const [host, port] = ZAPIBOT_LISTEN.split(':')
await app.listen({ host, port: Number(port) })
console.error(`listening ${host}:${app.server.address().port} (webhook)`)
