// The peer of `zapibot bench/echo/bot.lua`: what a practised Node developer
// writes for speed. fastify takes the webhook and answers 200, the handler
// sends the text back through undici's Pool. It keeps no order per chat, finds
// no duplicates, repeats nothing: it does less than zapibot does.
import Fastify from 'fastify'
import { Pool } from 'undici'

const {
  ZAPI_BASE_URL, ZAPI_INSTANCE_ID, ZAPI_TOKEN, ZAPI_CLIENT_TOKEN,
  ZAPIBOT_WEBHOOK_SECRET, ZAPIBOT_LISTEN = '127.0.0.1:0'
} = process.env

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

async function onEvent (event) {
  if (event.type === 'ReceivedCallback' && !event.fromMe && event.text) {
    await sendText(event.phone, event.text.message)
  }
}

const app = Fastify({ logger: false, bodyLimit: 1024 * 1024 })

app.post('/webhook/:secret', (request, reply) => {
  if (request.params.secret !== ZAPIBOT_WEBHOOK_SECRET) {
    return reply.code(401).send()
  }
  reply.code(200).send()
  onEvent(request.body).catch((error) => console.error(error))
})

const [host, port] = ZAPIBOT_LISTEN.split(':')
await app.listen({ host, port: Number(port) })
console.error(`listening ${host}:${app.server.address().port} (webhook)`)
