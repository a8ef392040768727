---@meta zapi
-- Written by scripts/generate; do not edit. The types of zapibot for editors.

-- ---- the module ------------------------------------------------------------

---@class zapi
---@field null userdata a JSON null to be sent; equals cjson.null
---@field endpoints zapi.Endpoint[] the table of endpoints
---@field json zapi.json
---@field http zapi.http
---@field log zapi.log
---@field media zapi.media
---@field text zapi.text
---@field csv zapi.csv
---@field br zapi.br
---@field crypto zapi.crypto
---@field kit zapi.kit
local zapi = {}

--- What a failed call returns beside nil. tostring() gives one line.
---@class zapi.Error
---@field kind zapi.ErrorKind what went wrong; see zapi.is_error
---@field message string
---@field status? integer of HTTP, when there was an answer
---@field endpoint? string
---@field outcome "refused"|"not_sent"|"unknown" what is known of the effect
---@field retryable boolean
---@field retry_after? number seconds

--- A value of the configuration by its variable's name: command line,
--- environment, .env beside the script, or the file that NAME_FILE names.
---@param name string
---@return string|nil
function zapi.getenv(name) end

--- Is this an error value, and of this kind ("auth.*": of this family)?
---@param value any
---@param kind? zapi.ErrorKind|string
---@return boolean
function zapi.is_error(value, kind) end

--- An error value of your own.
---@param fields {kind: string, message: string, status?: integer, endpoint?: string}
---@return zapi.Error
function zapi.error(fields) end

--- Marks a table as an array, so that it is `[]` in JSON even when empty.
---@generic T: table
---@param t? T
---@return T
function zapi.array(t) end

--- Who this is: the person of a number in any spelling (with the ninth digit
--- or without), of a lid, a key or a contact, with what events have taught about
--- them. Groups and channels are their own key.
---@param any string|integer|zapi.contact
---@return zapi.contact
function zapi.contact(any) end

---@class zapi.ClientOptions
---@field instance? string id of the instance
---@field token? string its token
---@field client_token? string the account's security token
---@field base_url? string another host with the same API, a sandbox, a stub
---@field host? "zapi"|"plugzapi" a known host
---@field timeout? number seconds for a whole call (30)

--- The table `options` of this script in the file of --config; else empty.
---@type table
zapi.options = {}

--- A client of one instance: by its fields, or by its name in the file of
--- --config. Without either: that file's first instance, else ZAPI_INSTANCE_ID,
--- ZAPI_TOKEN and ZAPI_CLIENT_TOKEN.
---@param options? zapi.ClientOptions|string
---@return zapi.Client
function zapi.client(options) end

---@class zapi.PartnerOptions
---@field token? string the partner token (ZAPI_PARTNER_TOKEN)
---@field base_url? string
---@field host? "zapi"|"plugzapi"
---@field timeout? number

--- A client of a partner account. Calls that concern one instance take its
--- `instance` and `token` among their parameters.
---@param options? zapi.PartnerOptions
---@return zapi.Partner
function zapi.partner(options) end

---@class zapi.GatewayOptions
---@field url? string where the gateway is (ZAPI_GATEWAY_URL)
---@field api_key? string (ZAPI_GATEWAY_API_KEY); its token is fetched and renewed
---@field system_id? string|integer (ZAPI_GATEWAY_SYSTEM_ID)
---@field timeout? number

--- A client of a Z-API-INSTANCE gateway.
---@param options? zapi.GatewayOptions
---@return zapi.Gateway
function zapi.gateway(options) end

---@class zapi.Request
---@field method? "GET"|"POST"|"PUT"|"DELETE"|"PATCH" POST with a body, else GET
---@field path string below the instance, beginning with "/"
---@field query? table<string, string|number|boolean>
---@field body? any as JSON; a string goes as it is
---@field timeout? number
---@field idempotent? boolean may be repeated (true for GET)

---@class zapi.BuiltRequest
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string

---@class zapi.Endpoint
---@field name string
---@field section string
---@field scope "instance"|"partner"|"gateway"
---@field method string
---@field path string
---@field aliases string[]
---@field summary string
---@field requires string[]
---@field idempotent boolean
---@field pagination? "page"|"cursor"|"state"
---@field params zapi.EndpointField[]
---@field reply? zapi.EndpointField
---@field limits string[]

---@class zapi.EndpointField
---@field name? string
---@field in? "path"|"query"|"body"
---@field type "string"|"integer"|"number"|"boolean"|"object"|"array"|"any"
---@field required boolean
---@field enum? string[]
---@field format? string
---@field min? number
---@field max? number
---@field default? any
---@field doc? string
---@field fields? zapi.EndpointField[]
---@field items? zapi.EndpointField

-- ---- tasks and time --------------------------------------------------------

---@class zapi.Task
local Task = {}

--- Waits for what the function returns; throws what it threw.
---@param seconds? number
---@return any ... or nil, "timeout"
function Task:join(seconds) end

--- Ends it where it waits.
function Task:cancel() end

---@return string
function Task:status() end

--- Runs a function as a task beside this one.
---@param fn function
---@param ... any
---@return zapi.Task
function zapi.spawn(fn, ...) end

--- Waits; other tasks go on.
---@param seconds number
function zapi.sleep(seconds) end

--- Unix seconds.
---@return number
function zapi.now() end

---@class zapi.Date as of os.date "*t", in a time zone
---@field year integer
---@field month integer
---@field day integer
---@field hour? integer 12 when left out
---@field min? integer
---@field sec? integer
---@field wday? integer 1 is Sunday
---@field tz? string "America/Sao_Paulo"; left out: ZAPIBOT_TZ, TZ or the system's

--- The civil date of an instant (left out: now).
---@param instant? number Unix seconds
---@param tz? string
---@return zapi.Date
function zapi.date(instant, tz) end

--- The instant of a date. Fields may run over: day 0 is the last of the month before.
---@param date zapi.Date
---@return integer Unix seconds
function zapi.time(date) end

---@class zapi.Alarm
local Alarm = {}
function Alarm:cancel() end

---@param seconds number
---@param fn function
---@return zapi.Alarm
function zapi.after(seconds, fn) end

---@param seconds number
---@param fn function
---@return zapi.Alarm
function zapi.interval(seconds, fn) end

--- Runs the loop until nothing is left to do, or zapi.stop().
function zapi.run() end

--- Ends the program in order.
function zapi.stop() end

--- For other loops: the descriptor to watch.
---@return integer
function zapi.fd() end

--- For other loops: seconds until zapi.step() is due; nil when nothing is.
---@return number|nil
function zapi.timeout() end

--- For other loops: does what is due, without waiting.
function zapi.step() end

--- Runs functions side by side and waits for all of them. What one throws
--- cancels the others and is thrown on.
---@param fns (fun(): any, any)[]
---@return table results first result of each, by position
---@return table errors the error of each that returned `nil, err`
function zapi.all(fns) end

--- Calls fn(item, index) for each item of a list, at most n at a time.
---@generic T
---@param list T[]
---@param n integer
---@param fn fun(item: T, index: integer): any, any
---@return table results
---@return table errors
function zapi.map(list, n, fn) end

-- ---- what is kept ----------------------------------------------------------

--- Values by key, on disk. In a handler a write is part of the handler: committed
--- with its good end, and never when it fails. Else it is on disk when the call
--- returns. Values are copied: a table that was got and changed must be set again.
---@class zapi.Store
local Store = {}

---@param key string|integer
---@param default? any
---@return any
function Store:get(key, default) end

--- Keeps a value; nil takes the key away. ttl: it is gone after so many seconds.
---@param key string|integer
---@param value any a table, text, number or boolean; at most 1 MiB
---@param options? {ttl: number}
function Store:set(key, value, options) end

---@param key string|integer
function Store:delete(key) end

--- Makes fn(value) the value, and returns it; nil takes the key away. Nobody
--- else's update comes in between.
---@param key string|integer
---@param fn fun(value: any): any
---@param options? {ttl: number}
---@return any value
function Store:update(key, fn, options) end

--- Sets the value to `new` when it is `old` now (nil: not there). Was it?
---@param key string|integer
---@param old any
---@param new any
---@param options? {ttl: number}
---@return boolean
function Store:cas(key, old, new, options) end

--- The keys that begin with `prefix`, in order, with their values.
---@param prefix? string
---@return fun(): string?, any
function Store:each(prefix) end

--- A namespace of this automation; with shared = true one that all automations of
--- the process have in common.
---@param name string
---@param options? {shared: boolean}
---@return zapi.Store
function zapi.store(name, options) end

-- ---- HTTP, JSON, log, files ------------------------------------------------

---@class zapi.http
local http = {}

---@class zapi.HttpRequest
---@field method? string
---@field url string
---@field headers? table<string, string>
---@field query? table<string, string|number|boolean>
---@field body? string
---@field json? any
---@field form? table<string, string|number>
---@field file? string a file to send
---@field timeout? number
---@field max? integer bytes of a reply
---@field save? string a file that a 2xx reply goes to

---@class zapi.HttpReply
---@field status integer
---@field headers table<string, string> names in lower case
---@field body string
---@field json? any when the body is JSON

--- HTTP to anything. An HTTP reply is a reply whatever its status.
---@param request zapi.HttpRequest
---@return zapi.HttpReply|nil reply
---@return zapi.Error|nil err
function http.request(request) end

--- Serves HTTP. handler(req) returns status, body, headers.
---@param options {listen: string, handler: fun(req: zapi.HttpServed): integer, (string|table)?, table?}
---@return table server
function http.serve(options) end

---@class zapi.HttpServed
---@field method string
---@field path string
---@field query table<string, string>
---@field headers table<string, string> names in lower case
---@field body string
---@field json? any
---@field params? table<string, string> of "/orders/{id}"

---@class zapi.json
---@field null userdata
local json = {}

---@param value any
---@return string
function json.encode(value) end

--- null is absent; with {null = true} it is zapi.null.
---@param text string
---@param options? {null: boolean}
---@return any value
---@return zapi.Error|nil err
function json.decode(text, options) end

--- As zapi.array.
---@generic T: table
---@param t? T
---@return T
function json.array(t) end

--- Text into the log, as string.format; secrets are masked.
---@class zapi.log
---@field debug fun(format: any, ...)
---@field info fun(format: any, ...)
---@field warn fun(format: any, ...)
---@field error fun(format: any, ...)

---@class zapi.media
---@field limits table<string, integer> bytes by kind: image, audio, video, document
local media = {}

---@class zapi.Media a file, for image=, audio=, document= …

--- A file of this machine wherever a call takes media. Read when it is sent.
---@param path string
---@param mime? string otherwise from the content, else the name
---@return zapi.Media|nil file
---@return zapi.Error|nil err
function media.file(path, mime) end

--- Downloads to a file; private addresses are refused.
---@param url string
---@param path string
---@param options? {max?: integer, timeout?: number, headers?: table<string, string>}
---@return string|nil path
---@return zapi.Error|nil err
function media.save(url, path, options) end

--- Host and port of the API in use, when ZAPI_BASE_URL names it.
---@return string|nil
function media.own_host() end

-- ---- text, Brazil, CSV -----------------------------------------------------

---@class zapi.text
local text = {}

--- Lower case, without accents.
---@param s string
---@return string
function text.fold(s) end

--- At most so many bytes, cut at a character.
---@param s string
---@param max integer
---@return string
function text.cut(s, max) end

--- A text of somebody else inside a formatted message: what would format it is
--- replaced by characters that look like it.
---@param s string
---@return string
function text.escape(s) end

--- Parts of at most so many bytes, at paragraphs, lines or blanks.
---@param s string
---@param max integer
---@return string[]
function text.split(s, max) end

---@class zapi.br
local br = {}

--- "1.234,56" -> 123456 centavos; nil and why when it is no amount.
---@param amount string|number
---@return integer|nil centavos
---@return string|nil why
function br.money(amount) end

--- 123456 -> "R$ 1.234,56".
---@param centavos integer
---@return string
function br.format(centavos) end

--- The digits of a valid CPF, else nil.
---@param s string
---@return string|nil
function br.cpf(s) end

--- The characters of a valid CNPJ, else nil.
---@param s string
---@return string|nil
function br.cnpj(s) end

--- The digits of a postal code, else nil.
---@param s string
---@return string|nil
function br.cep(s) end

--- The "copia e cola" text of a Pix.
---@param pix {key: string, name: string, city: string, amount?: integer, txid?: string}
---@return string
function br.pix(pix) end

--- CRC-16/CCITT-FALSE, as at the end of a Pix text.
---@param s string
---@return integer
function br.crc16(s) end

---@class zapi.crypto
local crypto = {}

---@alias zapi.crypto.encoding "hex"|"base64"|"raw"

--- SHA-256, in lower-case hex unless asked otherwise.
---@param s string
---@param as? zapi.crypto.encoding
---@return string
function crypto.sha256(s, as) end

--- HMAC-SHA-256: the signature that most services send with a webhook.
---@param key string
---@param s string the body as it came, not decoded
---@param as? zapi.crypto.encoding
---@return string
function crypto.hmac_sha256(key, s, as) end

---@param bytes string
---@return string
function crypto.base64(bytes) end

---@param s string
---@return string|nil bytes
function crypto.from_base64(s) end

--- Are two texts the same? Takes as long for any letter: for signatures.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

--- Random bytes of the system, good for secrets.
---@param count integer 1 to 256
---@param as? zapi.crypto.encoding "raw" if left out
---@return string
function crypto.random(count, as) end

---@class zapi.csv
local csv = {}

--- Rows of a file: ";" and ",", BOM, UTF-8 and Latin-1.
---@param path string
---@param options? {sep?: string, encoding?: string, header?: boolean}
---@return fun(): table?, integer?
function csv.rows(path, options) end

---@param s string
---@param options? {sep?: string, encoding?: string, header?: boolean}
---@return fun(): table?, integer?
function csv.parse(s, options) end

-- ---- bots ------------------------------------------------------------------

---@class zapi.bot
local bot_module = {}

---@class zapi.BotOptions
---@field client? zapi.Client left out: made from the environment when needed
---@field clients? zapi.Client[] several instances: ctx.client is the event's
---@field prefix? string each character begins a command ("!/")
---@field own? boolean treat what the owner types on the phone like anybody's
---@field listen? string address:port of the webhook
---@field secret? string webhooks arrive at POST /webhook/<secret>
---@field texts? zapi.Texts what customers read
---@field help? boolean false: no built-in "!ajuda"
---@field timeout? number seconds that a handler may wait in all (60)
---@field concurrency? integer handlers at once (64)
---@field max_body? integer bytes of a webhook
---@field name? string of the data on disk: two bots in one script need two
---@field limits? zapi.BotLimits
---@field handover? zapi.HandoverOptions when a person takes over a chat
---@field unload? number|false seconds after which who waits for an answer leaves the memory (600)

---@class zapi.Texts
---@field usage? string {usage}
---@field admin_only? string
---@field group_only? string
---@field private_only? string
---@field help? string {list}
---@field help_line? string {usage}, {help}
---@field menu? string of a menu as text: {text}, {list}
---@field menu_line? string {number}, {label}
---@field menu_retry? string before the items, when an answer was none of them
---@field menu_title? string of a list
---@field menu_button? string that opens a list

---@class zapi.HandoverOptions
---@field on_typing? boolean the owner who types in a private chat takes it over
---@field words? string|string[] of customers who want a person ("atendente")
---@field back? string|string[] of customers or the owner: the bot again (whole messages)
---@field hours? number until the bot is back (12), from the person's last message on
---@field to? string who is told: a number or a group
---@field note? string|false what the customer reads after `words`
---@field resumed? string|false what the customer reads after `back`
---@field told? string what `to` reads: {name}, {phone}, {link}, {text}

---@class zapi.BotLimits what keeps a number from being banned; false: no limit
---@field replies_per_chat? integer|false answers in one chat in a minute (20)
---@field cold_per_hour? integer|false different people who did not write first (60)
---@field pace? number seconds between two messages of z.outbox (0.2)

--- A bot. Nothing runs before bot:run().
---@param options? zapi.BotOptions
---@return zapi.Bot
function bot_module.new(options) end

---@alias zapi.handler fun(ctx: zapi.ctx, next: fun()): any

---@class zapi.filter
---@field kind? zapi.event|zapi.event[] "message" if left out
---@field group? boolean|string|string[] in groups (or not), or in this one
---@field from? string|zapi.contact|table the author is one of these
---@field admin? boolean the author is an admin of the group
---@field folded? string|string[] as in bot:hears
---@field match? fun(ctx: zapi.ctx): any what it returns becomes ctx.match

---@class zapi.Bot
local Bot = {}

--- Handles events. The first handler whose filter matches has the event;
--- `return next()` passes it on to the next.
---@param what zapi.event|zapi.event[]|zapi.filter
---@param fn zapi.handler
---@param options? {order?: "chat"|"person"|"none", timeout?: number, attempts?: integer}
---@return zapi.Bot
function Bot:on(what, fn, options) end

--- Handles messages that hold a word, phrase or Lua pattern (on lower case text
--- without accents); ctx.match has the captures.
---@param spec string|string[]
---@param fn zapi.handler
---@param options? {order?: "chat"|"person"|"none", timeout?: number, attempts?: integer}
---@return zapi.Bot
function Bot:hears(spec, fn, options) end

--- Handles "!name arguments". args = "<phone> [reason…]" or {min=, max=}.
---@param name string|string[]
---@param fn zapi.handler
---@param options? {args?: string|table, help?: string, admin?: boolean, group?: boolean, order?: "chat"|"person"|"none", timeout?: number, attempts?: integer}
---@return zapi.Bot
function Bot:command(name, fn, options) end

--- Runs before the handlers of every event; goes on with `return next()`.
---@param fn zapi.handler
---@return zapi.Bot
function Bot:use(fn) end

--- What ctx.session is: a table per chat, per person, or per key that a function gives.
---@param options {by?: "chat"|"person"|(fun(ctx: zapi.ctx): string?), ttl?: number|false} ttl: seconds after it was last saved (30 days)
---@return zapi.Bot
function Bot:session(options) end

--- A state of a flow: who is in it (ctx:enter) has their messages go to `on`, before
--- the handlers and after commands, until the flow enters another one or leaves. In
--- groups each person has a flow of their own. State and data are kept on disk.
---@param name string
---@param options zapi.StateOptions
---@return zapi.Bot
function Bot:state(name, options) end

---@class zapi.StateOptions
---@field on fun(ctx: zapi.ctx, data: table, next: fun()): any a message of this person
---@field enter? fun(ctx: zapi.ctx, data: table)
---@field leave? fun(ctx: zapi.ctx, data: table, to?: string) to: the next state
---@field timeout? number|{[1]: number, [2]: fun(ctx: zapi.ctx, data: table)} seconds without a message
---@field on_timeout? fun(ctx: zapi.ctx, data: table)

--- Gets what a handler threw and its traceback. Without it failures are logged.
--- What follows from a failure follows afterwards, unless this calls ctx:drop() or
--- ctx:retry_later(seconds).
---@param fn fun(ctx: zapi.ctx, err: any, traceback: string)
---@return zapi.Bot
function Bot:catch(fn) end

--- A route of your own beside the webhook: fn(req) returns status, body,
--- headers. verify(req) must return true first, else 401. With durable = true the
--- request is stored as an event and answered 202 then (200 when its key was there),
--- and fn(ctx) handles it with ctx.request.
---@param method string
---@param path string "/pedidos/{id}" gives req.params.id
---@param options zapi.RouteOptions|fun(req: zapi.HttpServed): integer, any, table?
---@param fn? fun(req: zapi.HttpServed): integer, any, table?
---@return zapi.Bot
function Bot:http(method, path, options, fn) end

---@class zapi.RouteOptions
---@field verify? fun(req: zapi.HttpServed): boolean
---@field durable? boolean
---@field key? fun(req: zapi.HttpServed): string one event for a key
---@field chat? fun(req: zapi.HttpServed): string the chat in whose order it is handled

--- Puts an event of your own into the inbox, in the order of `chat`, for
--- bot:on(kind). false: there was one with this key. Throws.
---@param kind string lower case with a dot: "shop.paid"
---@param chat? string
---@param payload? table ctx.event of its handlers
---@param options? {key?: string, instance?: string}
---@return boolean new
function Bot:emit(kind, chat, payload, options) end

--- What bot:at, bot:every and bot:cron with this name lead to: a handler like any
--- other. ctx.event has timer, key, due and payload.
---@param name string
---@param fn fun(ctx: zapi.ctx, payload: any)
---@param options? {timeout: number, attempts: integer}
---@return zapi.Bot
function Bot:timer(name, fn, options) end

---@class zapi.TimerOptions
---@field key? string the same name and key is the same timer
---@field chat? string it is handled in this chat's order, and ctx:send answers there
---@field client? zapi.Client whose number answers
---@field instance? string the same, by its instance
---@field payload? any of bot:every and bot:cron

---@class zapi.Date civil time
---@field year integer
---@field month integer
---@field day integer
---@field hour? integer (12)
---@field min? integer
---@field sec? integer
---@field tz? string "America/Sao_Paulo"; left out: ZAPIBOT_TZ, TZ or the system's

--- Fires once: at Unix seconds, {after = seconds} from now, or a date. Replaces the
--- timer of the same name and key; one that was missed fires at the next start.
---@param when number|{after: number}|zapi.Date
---@param name string of bot:timer
---@param payload? any what JSON can hold
---@param options? zapi.TimerOptions
---@return zapi.Bot
function Bot:at(when, name, payload, options) end

--- Fires every so many seconds (from 1 on). Missed times are made up for once; said
--- again it goes on as it was.
---@param name string
---@param seconds number
---@param options? zapi.TimerOptions
---@return zapi.Bot
function Bot:every(name, seconds, options) end

--- Fires by the calendar: "0 9 * * mon-fri", "@daily". A time that the clock jumps
--- over fires at the jump, one that it shows twice the first time.
---@param name string
---@param spec string minute, hour, day of month, month, day of week
---@param tz? string
---@param options? zapi.TimerOptions
---@return zapi.Bot
function Bot:cron(name, spec, tz, options) end

--- Removes the timer with this key, or all of this name. How many there were.
---@param name string
---@param key? string
---@return integer
function Bot:cancel(name, key) end

---@class zapi.OutboxMessage
---@field id integer
---@field key? string
---@field endpoint string
---@field recipient string
---@field lane string
---@field params table
---@field created number

--- fn() runs before the bot serves: at its start, and before a new version of the
--- script takes the place of the one that runs. What throws, or returns false or
--- nil and why, refuses: the old version serves on. Ten seconds for all of a script.
---@param fn fun(): any, string?
---@return zapi.Bot
function Bot:check(fn) end

--- Names a function that messages of the outbox are asked of just before they
--- leave: true (go), false and why (cancelled), or seconds (asked again then).
---@param name string
---@param fn fun(message: zapi.OutboxMessage): boolean|number, string?
---@return zapi.Bot
function Bot:guard(name, fn) end

--- Opens the door for webhooks. Under zapibot, and in a task (zapi.spawn), it
--- returns at once; in plain Lua it runs the loop until bot:stop() or zapi.stop().
---@param options? {listen?: string, secret?: string}
function Bot:run(options) end

--- No new events; waits for the handlers that run, then closes: what still runs
--- is ended, and its event waits on disk for the next start.
---@param seconds? number
function Bot:stop(seconds) end

--- Handles one event as if it had come through the door. For tests.
---@param event string|table
function Bot:handle(event) end

-- ---- the event in hand -----------------------------------------------------

---@class zapi.contact
---@field key string names the person: for sessions and stores; stays the same
---@field phone? string digits with country code, as WhatsApp writes them
---@field lid? string "…@lid"
---@field name? string

---@class zapi.msg
---@field text? string alone, or the text above buttons and lists
---@field image? string URL or data: URI (zapi.media.file makes one of a file)
---@field audio? string
---@field video? string
---@field document? string
---@field location? {latitude: number, longitude: number, title: string, address?: string}
---@field buttons? (string|{id: string, label: string})[]
---@field list? {title: string, button: string, options: {id: string, label: string, description?: string}[]}
---@field poll? string[] 2 to 12 options below the text; votes come as events "vote"
---@field max? integer options of a poll that one person may choose (1; 0: all)
---@field caption? string under an image, video or document
---@field filename? string of a document; its extension counts
---@field extension? string of a document
---@field mentioned? (string|zapi.contact)[]|"all" with text only
---@field quote? boolean answer this message visibly
---@field typing? number seconds of "typing…" before a text
---@field delay? number seconds before the next message, 1 to 15

---@class zapi.Message
---@field id? string nil until it was accepted
---@field key? string
---@field state "queued"|"sending"|"accepted"|"sent"|"received"|"read"|"played"|"failed"|"unknown"|"expired"|"cancelled"|"deleted" as last known
---@field chat string
local Message = {}

--- Waits until the message has come to a state, or beyond it. For bots whose data
--- are on disk.
---@param state "accepted"|"sent"|"received"|"read"|"played"
---@param seconds number
---@return string|nil state
---@return zapi.Error|"timeout"|nil err
function Message:wait(state, seconds) end

--- Another text in its place. Throws.
---@param new_text string
function Message:edit(new_text) end

--- Deletes it for everybody. Throws.
function Message:delete() end

---@class zapi.ctx
---@field kind string name of the event, as in bot:on
---@field event table the payload, in Z-API's words
---@field id? string message id
---@field chat? string where it happened
---@field is_group boolean
---@field from? zapi.contact
---@field text? string text, caption or chosen label
---@field folded string the same in lower case without accents, "" for none
---@field choice? {id: string, label: string}
---@field args? table of a command: words, .text, and the names of its args
---@field match? table captures of hears and match
---@field mentions zapi.contact[]
---@field quoted? {id: string, mine: boolean, from: zapi.contact?}
---@field members? zapi.contact[] of joins and leaves
---@field by? zapi.contact who did it
---@field removed? boolean
---@field error? {kind: string, message: string, code: string?}
---@field sent? {id: integer, key?: string, endpoint: string, recipient: string, state: string} of what tells about a message of ours
---@field request? table of bot:http with durable = true
---@field client zapi.Client
---@field attempt integer 1, and one more at each try
---@field now number Unix seconds; the same when the handler runs again
---@field random fun(low?: integer, high?: integer): number as math.random, but the same when the handler runs again
---@field session table kept from one event to the next: of the chat, or what bot:session says
---@field value any of an answer: what it was taken for
---@field reason? string of conversation.ended: "changed"
---@field from_me boolean
---@field from_api boolean
---@field handed_over boolean a person serves this chat: ctx:handover
---@field log zapi.log
local ctx = {}

--- Answers in this chat; in groups as a reply that quotes. Throws.
---@param msg string|zapi.msg
---@param options? zapi.msg laid over msg
---@return zapi.Message
function ctx:reply(msg, options) end

--- Sends to this chat without quoting. Throws.
---@param msg string|zapi.msg
---@param options? zapi.msg
---@return zapi.Message
function ctx:send(msg, options) end

--- Reacts with an emoji; "" or nil takes the reaction back. Throws.
---@param emoji? string
function ctx:react(emoji) end

--- Shows "typing…" before the next text or audio that this ctx sends.
---@param seconds number 1 to 15
function ctx:typing(seconds) end

--- Deletes a message for everybody: this one, or the one with the id. Throws.
---@param id? string|zapi.Message
---@param options? {mine: boolean}
function ctx:delete(id, options) end

--- Marks the message as read. Throws.
function ctx:read() end

--- Is this person (default: the author) an admin of the group? Throws.
---@param who? string|zapi.contact
---@return boolean
function ctx:is_admin(who) end

--- Saves the media of the message.
---@param path? string
---@param options? {max?: integer, timeout?: number}
---@return string|nil path
---@return zapi.Error|nil err
function ctx:download(path, options) end

--- This person is in a state of bot:state from now on, and leaves the one before.
---@param name string
---@param data? table kept with the state
function ctx:enter(name, data) end

--- This person leaves the state. Were they in one?
---@return boolean
function ctx:leave() end

--- A person takes over: this chat's messages come to no handler any more, until
--- ctx:resume, the `back` words of the bot, or so many hours (12).
---@param options? {to?: string, hours?: number, note?: string}
function ctx:handover(options) end

--- The bot serves this chat again. Did a person?
---@return boolean
function ctx:resume() end

--- Asks, and waits for the next message of the same person in this chat, also across
--- restarts: its ctx (.value has what it was taken for), or nil and why. A handler that
--- runs again finds what it did before. Throws when the question fails.
---@param msg string|zapi.msg
---@param options? zapi.AskOptions
---@return zapi.ctx|nil answer
---@return "timeout"|"escaped"|"tries"|"replaced"|nil why
function ctx:ask(msg, options) end

---@class zapi.AskOptions
---@field timeout? number seconds until nil, "timeout" (a day)
---@field match? string|string[]|fun(ctx: zapi.ctx): any what is an answer: a pattern, words, or what gives something
---@field retry? string|zapi.msg|false said when it is none (else the question again); false: nothing
---@field tries? integer after so many others: nil, "tries"
---@field escape? string|string[] whole messages that end it: nil, "escaped"
---@field by? "person"|"chat" who may answer in a group
---@field commands? "command"|"answer" what a command of the bot is meanwhile

--- Asks for one of some items, by buttons, a list or numbered text: the item, and the
--- ctx of the answer; or nil and why. Throws when the menu fails.
---@param msg string|zapi.msg a text, maybe with image or video
---@param items (string|zapi.MenuItem)[]
---@param options? zapi.MenuOptions
---@return zapi.MenuItem|nil choice
---@return zapi.ctx|"timeout"|"escaped"|"tries"|"replaced" answer_or_why
function ctx:menu(msg, items, options) end

---@class zapi.MenuItem
---@field id string|number
---@field label string
---@field description? string in lists and text
---@field value? any yours: a price, a row of a table; the choice has it

---@class zapi.MenuOptions
---@field as? "auto"|"buttons"|"list"|"text"
---@field retry? string|zapi.msg|false said when the answer is none of the items
---@field timeout? number seconds until nil, "timeout" (a day)
---@field tries? integer after so many others: nil, "tries"
---@field escape? string|string[] whole messages that end it: nil, "escaped"
---@field by? "person"|"chat" who may answer in a group
---@field commands? "command"|"answer"

--- What fn returns, once: stored before it returns, and given again to a handler that
--- runs again. For what must not be done twice.
---@generic T
---@param name string
---@param fn fun(): T
---@return T
function ctx:step(name, fn) end

--- Ends the handler at once; the event counts as handled: `return ctx:drop()`.
function ctx:drop() end

--- Ends the handler at once; the event comes again: `return ctx:retry_later(60)`.
---@param seconds number
function ctx:retry_later(seconds) end

-- ---- what most bots want before their handlers -----------------------------

---@class zapi.kit
local kit = {}

---@alias zapi.middleware fun(ctx: zapi.ctx, next: fun()): any

---@class zapi.kit.RateOptions
---@field per? number seconds (60)
---@field max? integer messages in so many seconds (20)
---@field by? "person"|"chat"|fun(ctx: zapi.ctx): string? who is counted (person)
---@field reply? string|false said once in a span of time, in private chats

--- At most so many messages of one person; what is more comes to no handler.
---@param options? zapi.kit.RateOptions
---@return zapi.middleware
function kit.rate(options) end

---@alias zapi.kit.Day string|string[] "09:00-12:00, 13:00-18:00"

---@class zapi.kit.HoursOptions
---@field zone? string "America/Sao_Paulo"; else the bot's
---@field mon? zapi.kit.Day a day left out is closed
---@field tue? zapi.kit.Day
---@field wed? zapi.kit.Day
---@field thu? zapi.kit.Day
---@field fri? zapi.kit.Day
---@field sat? zapi.kit.Day
---@field sun? zapi.kit.Day
---@field from? {timezone: string, days: table[], mode?: string} businessHours of z:get_business_profile
---@field holidays? table<integer|string, string|string[]> "12-25" or "2026-02-17"; ["12-24"] = "09:00-12:00"
---@field closed? string|false|fun(ctx: zapi.ctx, opens?: number): string? what they read ({when})
---@field pass? boolean handlers run all the same
---@field groups? boolean in groups too

--- Outside of business hours customers are told when it opens, and no handler runs.
---@param options zapi.kit.HoursOptions
---@return zapi.middleware
function kit.hours(options) end

---@class zapi.kit.MaintenanceOptions
---@field ends? number Unix seconds; left out: as long as it is in use
---@field on? fun(ctx: zapi.ctx): any asked at each message: is it so now?
---@field text? string|false
---@field allow? string|string[] numbers whose messages go on
---@field every? number seconds until the same person is told again (3600)
---@field zone? string

--- Whoever writes is told that the bot is being worked on.
---@param options? zapi.kit.MaintenanceOptions
---@return zapi.middleware
function kit.maintenance(options) end

--- "typing…" before each text, as long as a person would take for it.
---@param options? {per_char?: number, max?: number} seconds (0.03 and 5)
---@return zapi.middleware
function kit.typing(options) end

--- A line in the log for each event.
---@param options? {level?: "debug"|"info"|"warn"|"error", text?: boolean}
---@return zapi.middleware
function kit.log(options) end

---@class zapi.kit.OptoutOptions
---@field words? string|string[] whole messages (sair, parar, stop; cancelar, when no question and no flow is open)
---@field back? string|string[] (voltar)
---@field confirm? string|false what is read after SAIR, once
---@field welcome? string|false what is read after VOLTAR
---@field lanes? string|string[] of z.outbox that leave all the same, without guard = "optout"
---@field except? string|string[] the shop's own numbers: never opted out
---@field ledger? string a name: bots with the same one share it

--- Who says SAIR gets no more of what is not an answer.
---@param bot zapi.Bot
---@param options? zapi.kit.OptoutOptions
---@return zapi.kit.Ledger
function kit.optout(bot, options) end

---@class zapi.kit.Out
---@field key string
---@field phone? string
---@field lid? string
---@field name? string
---@field at number when
---@field word? string what they said

---@class zapi.kit.Ledger
local Ledger = {}

---@param who string|zapi.contact
---@return zapi.kit.Out|nil
function Ledger:has(who) end

--- Were they in before?
---@param who string|zapi.contact
---@param word? string how they said it
---@return boolean
function Ledger:add(who, word) end

--- Had they opted out?
---@param who string|zapi.contact
---@return boolean
function Ledger:remove(who) end

---@return fun(): string?, zapi.kit.Out?
function Ledger:each() end

-- ---- what is sent later ----------------------------------------------------

---@class zapi.OutboxOptions
---@field at? number Unix seconds; now if left out
---@field expires? number Unix seconds: not sent after that
---@field key? string one message for a key
---@field lane? string what can be paused
---@field guard? string|function see Bot:guard
---@field event? zapi.ctx stored with the good end of this event's handler

---@class zapi.OutboxFilter
---@field key? string
---@field prefix? string of keys
---@field to? string
---@field lane? string
---@field state? string
---@field limit? integer

---@class zapi.Outbox
local Outbox = {}

--- Stores a message that leaves when it is due, in the order of its recipient.
--- In a handler it is stored when the handler has ended well. Throws.
---@param name string an endpoint, as "send_text"
---@param params table
---@param options? zapi.OutboxOptions
---@return zapi.Message
---@return "new"|"duplicate"
function Outbox:send(name, params, options) end

--- Cancels what has not left. How many.
---@param filter {key?: string, prefix?: string, to?: string}
---@return integer
function Outbox:cancel(filter) end

--- Nothing of this lane leaves until it is resumed, also after a restart.
---@param lane? string
function Outbox:pause(lane) end

---@param lane? string
function Outbox:resume(lane) end

--- Counts by state.
---@param prefix? string of keys
---@return table<string, integer>
function Outbox:stats(prefix) end

--- Goes through rows, newest first.
---@param filter? zapi.OutboxFilter
---@return fun(): table?
function Outbox:each(filter) end

---@alias zapi.event
---| "*" # every event
---| "text" # a text
---| "ad" # a text written after a click on an ad
---| "status_reply" # an answer to a status (story)
---| "image" # a picture
---| "audio" # an audio file
---| "voice" # a voice message
---| "video" # a video, a gif or a round video note
---| "document" # a file
---| "sticker" # a sticker
---| "location" # a place, fixed or live
---| "contact" # one or more contact cards
---| "product" # a product of a catalog
---| "order" # an order from a catalog (cart)
---| "poll" # a poll that was opened
---| "event" # an event (date) that was made or cancelled
---| "choice" # a button pressed or a list entry chosen
---| "template" # a template message
---| "carousel" # a carousel of cards
---| "buttons" # a message with buttons
---| "pix" # a PIX key
---| "channel_invite" # an invitation to administer a channel
---| "review" # order data (review and pay), also of our own sends
---| "payment.requested" # somebody asks for a payment
---| "payment.sent" # somebody paid
---| "payment.declined" # a request for payment was declined
---| "reaction" # a reaction to a message; an empty value takes it back
---| "vote" # a vote in a poll
---| "event_response" # an answer to an event (date)
---| "pin" # a message was pinned or unpinned
---| "edit" # the new version of an edited message
---| "delete" # a message was deleted for all
---| "waiting" # a message not yet decrypted; its content follows
---| "unknown" # a message of a kind that has no name here
---| "group.create" # a group was made
---| "group.join" # somebody came into a group
---| "group.leave" # somebody left a group or was removed
---| "group.request" # somebody asks to enter a group
---| "group.request_revoked" # a request to enter was taken back
---| "group.promote" # somebody became an admin of a group
---| "group.demote" # somebody is no admin of a group any more
---| "group.change" # subject, picture, description or settings changed
---| "call.incoming" # a voice or video call comes in
---| "call.missed" # a call was not answered
---| "channel.promote" # somebody became an admin of a channel
---| "channel.demote" # somebody is no admin of a channel any more
---| "profile.name" # a profile's name changed
---| "profile.photo" # a profile's picture changed
---| "chat.label" # a label was put on a chat or taken off
---| "notice" # a notice of WhatsApp without a name of its own
---| "message.sent" # our message left the instance
---| "message.received" # our message arrived at the device
---| "message.read" # our message was read
---| "message.played" # our voice message was listened to
---| "message.failed" # our message will not be delivered
---| "message.delivered" # our message was handed to WhatsApp
---| "message.unknown" # nothing was heard of a send any more
---| "read_by_me" # the account itself read a message
---| "presence" # somebody types, records, comes or goes
---| "connected" # the instance is connected
---| "disconnected" # the instance lost its connection
---| "proxy.failed" # the proxy of the instance does not work
---| "broadcast_list" # we wrote to a broadcast list
---| "message" # all of these
---| "payment" # all of these
---| "own.message" # all of these
---| string # own.NAME of any message, or raw:NAME with a name of Z-API's own

---@alias zapi.ErrorKind
---| "auth.client_token_missing" # the account wants a Client-Token and none was sent: copy it from app.z-api.io > Segurança > Token de segurança da conta and set ZAPI_CLIENT_TOKEN
---| "auth.client_token_invalid" # the Client-Token is wrong; most often the instance token was pasted there
---| "auth.ip_not_allowed" # the account allows calls from listed addresses only; add this one in the panel
---| "auth.instance_not_found" # instance id and token do not belong together
---| "auth.unauthorized" # the credentials were refused
---| "billing.subscription_expired" # the subscription of the instance is over: renew it in the panel
---| "client.unknown_endpoint" # the server does not know this path
---| "client.method" # wrong HTTP method
---| "client.content_type" # the server refused the content type
---| "client.uri_too_large" # the address is too long: use the POST variant of this call
---| "client.invalid_params" # the server refused a parameter
---| "client.invalid_phone" # the server refused the phone number
---| "client.proxy" # the proxy cannot be reached
---| "client.refused" # the server understood and said no (value = false)
---| "client.error" # the server refused the call for a reason that is not catalogued
---| "media.too_large" # the file is larger than WhatsApp takes; the limits are in zapi.media.limits
---| "rate_limited" # too many calls: wait retry_after seconds
---| "state.disconnected" # the instance is not connected to WhatsApp
---| "state.restore_session" # the session must be restored or the instance restarted
---| "state.passkey_required" # linking needs a passkey: finish it in the panel
---| "send.not_enqueued" # a 2xx without messageId: the message was not accepted
---| "send.unknown" # the request was written and no usable answer came: it may have been done; it is never repeated by itself
---| "send.expired" # the message could not leave before it expired: nothing was sent
---| "send.cancelled" # the message was cancelled before it left: nothing was sent
---| "store.unavailable" # nothing can be stored now (disk full or locked); nothing was sent
---| "store.conflict" # two handlers waited for each other's keys: one of them begins anew
---| "net.refused" # the connection was refused
---| "net.resolve" # the host name was not found
---| "net.connect" # the host cannot be reached
---| "net.tls" # no trusted TLS connection could be made
---| "net.timeout" # no answer in time
---| "net.reset" # the connection broke
---| "net.bad_reply" # the answer could not be understood
---| "net.too_large" # the answer is larger than the limit
---| "net.forbidden_address" # the address is private; downloads from it are refused
---| "server.error" # the server failed (5xx)
---| "cancelled" # the task that waited was cancelled
---| "io" # a file could not be read or written
---| "config" # the configuration is incomplete or wrong
---| "bad_json" # the text is not JSON
---| "no_memory" # memory ended
---| "internal" # a bug in zapibot: please report it

-- ---- tests -----------------------------------------------------------------

---@class zapi.testing
local testing = {}

---@class zapi.testing.Options
---@field script? string a file that makes a bot and runs it
---@field args? string[] its arguments
---@field bot? fun(zapi: zapi, env: table): zapi.Bot
---@field env? table<string, string>
---@field data? true|string a folder for the bot's data, true: one that world:close
---   removes; left out: they are in memory
---@field now? number|zapi.Date what time it is when the world begins
---@field timeout? number seconds that expectations wait (2)
---@field seed? integer the same ids in every run (1)

--- A sandbox and the bot in this process.
---@param options zapi.testing.Options
---@return zapi.testing.World
function testing.start(options) end

---@class zapi.testing.World
local World = {}

---@param name string
---@param phone? string
---@return zapi.testing.Person
function World:person(name, phone) end

---@param name string
---@param people zapi.testing.Person[]
---@param admins? zapi.testing.Person[] who of them is one
---@return zapi.testing.Chat
function World:group(name, people, admins) end

--- Waits until the bot has handled everything.
---@param seconds? number
---@return boolean
function World:settle(seconds) end

--- Is a webhook on its way, or does a handler run?
---@return boolean
function World:is_busy() end

--- Lets seconds pass, in milliseconds: what is due comes in its order.
---@param seconds number
function World:advance(seconds) end

---@param when number|zapi.Date
function World:advance_to(when) end

--- Waits until nothing can happen any more but by time that passes.
---@return boolean
function World:rest() end

--- Of the next calls some fail: an HTTP status, "lost" (done, and the answer is lost),
--- "timeout" (done, and no answer comes), "kill" (done, and the process is gone).
---@param what integer|"lost"|"timeout"|"kill"
---@param options? {n: integer, path: string, body: any, headers: table}
function World:fail(what, options) end

--- No call reaches Z-API until World:plug().
function World:unplug() end

function World:plug() end

--- The bot ends in order and begins anew over the same data (options.data).
---@param options? zapi.testing.Options another script or bot from now on
function World:restart(options) end

--- A new bot over the same data, as when its script was changed.
---@param options? zapi.testing.Options
function World:reload(options) end

--- kill -9, and a new process with what is on disk (options.data).
---@param options? zapi.testing.Options
function World:kill(options) end

---@param options? {failures?: boolean} true: handlers may have failed
function World:close(options) end

---@class zapi.testing.Chat
---@field chat string
local Chat = {}

--- Waits for the bot's next message in this chat and compares it.
---@param wanted? string|table|fun(message: table): boolean
---@param seconds? number
---@return table message
function Chat:expects(wanted, seconds) end

--- The bot's next messages have these texts, and there is no other.
---@param texts string[]
---@param seconds? number
function Chat:expects_all(texts, seconds) end

---@param seconds? number
function Chat:hears_nothing(seconds) end

---@return table[]
function Chat:messages() end

---@class zapi.testing.Person : zapi.testing.Chat
---@field phone string
local Person = {}

---@param message string|table
---@param group? zapi.testing.Chat
function Person:says(message, group) end

---@param label string label or id
---@param group? zapi.testing.Chat
function Person:clicks(label, group) end

--- Votes in the bot's newest poll: for one option, or for a list of them; {} takes
--- the vote back.
---@param options string|string[]
---@param group? zapi.testing.Chat
function Person:votes(options, group) end

-- ---- endpoints -------------------------------------------------------------

---@class zapi.Client
---@field outbox zapi.Outbox what is stored and sent later, by a bot that runs
local Client = {}

--- An endpoint by its name, for names that are data.
---@param name string
---@param params? table
---@return any reply
---@return zapi.Error|nil err
function Client:call(name, params) end

--- An endpoint that is in no table.
---@param request zapi.Request
---@return any reply
---@return zapi.Error|nil err
function Client:request(request) end

--- What a call would send, without sending it. It holds the secrets.
---@param name string
---@param params? table
---@return zapi.BuiltRequest
function Client:build(name, params) end

---@class zapi.reply.get_qr_code
---@field value? string QR content; a data:image/png;base64 URI in the newer sample

--- Fetch the connection QR code as raw content to draw yourself.
---
--- `GET /qr-code` · https://developer.z-api.io/instance/qrcode
--- - WhatsApp invalidates a QR code every 20 s
--- - poll at intervals of 10 to 20 s and give up after 3 unread codes until the user asks again
--- - refused while the instance is already connected
---@return zapi.reply.get_qr_code|string|nil reply
---@return zapi.Error|nil err
function Client:get_qr_code() end

---@class zapi.reply.get_qr_code_image
---@field value? string image as base64 or data URI

--- Fetch the connection QR code as a base64 image.
---
--- `GET /qr-code/image` · https://developer.z-api.io/instance/qrcode
--- - WhatsApp invalidates a QR code every 20 s
--- - poll at intervals of 10 to 20 s and give up after 3 unread codes until the user asks again
--- - refused while the instance is already connected
---@return zapi.reply.get_qr_code_image|string|nil reply
---@return zapi.Error|nil err
function Client:get_qr_code_image() end

---@class zapi.params.get_phone_code
---@field phone string number to be linked, digits only (phone)

---@class zapi.reply.get_phone_code
---@field value? string pairing code (code)

--- Get a pairing code that links the number without scanning a QR code.
---
--- `GET /phone-code/{phone}` · https://developer.z-api.io/instance/qrcode
--- - the code is typed in the WhatsApp app under the connect-with-phone-number option
--- - refused while the instance is already connected
--- - whether a repeated call voids the earlier code is not said, hence idempotent false
---@param params zapi.params.get_phone_code|string
---@return zapi.reply.get_phone_code|nil reply
---@return zapi.Error|nil err
function Client:get_phone_code(params) end

---@class zapi.reply.restart
---@field value? boolean true when it was accepted, false when it was refused

--- Restart the instance.
---
--- `GET /restart` · https://developer.z-api.io/instance/restart
--- - a restart does not require reading the QR code again
---@return zapi.reply.restart|nil reply
---@return zapi.Error|nil err
function Client:restart() end

---@class zapi.reply.disconnect
---@field value? boolean true when it was accepted, false when it was refused

--- Unlink the number from the instance.
---
--- `GET /disconnect` · https://developer.z-api.io/instance/disconnect
--- - after it the other methods stop working and no webhooks are sent until a new QR code is read
---@return zapi.reply.disconnect|nil reply
---@return zapi.Error|nil err
function Client:disconnect() end

---@class zapi.reply.restore_session
---@field value? boolean true when it was accepted, false when it was refused

--- Try to bring the WhatsApp connection back from the saved session.
---
--- `GET /restore-session` · https://developer.z-api.io/instance/restore-session
--- - meant for use after a disconnection webhook arrives
---@return zapi.reply.restore_session|nil reply
---@return zapi.Error|nil err
function Client:restore_session() end

---@class zapi.reply.get_status
---@field connected? boolean number is connected to Z-API
---@field error? string description of the state, filled in even when all is well; documented texts: 'You are already connected', 'You need to restore the session', 'You are not connected'
---@field smartphoneConnected? boolean the phone itself is online

--- Tell whether the instance is connected to WhatsApp.
---
--- `GET /status` · https://developer.z-api.io/instance/status
--- - connected decides, error only describes: a healthy instance says 'You are already connected.'; one that is not connected is the failure state.disconnected or state.restore_session
---@return zapi.reply.get_status|nil reply
---@return zapi.Error|nil err
function Client:get_status() end

---@class zapi.reply.get_device.device
---@field sessionName? string session name shown in linked devices
---@field device_model? string device model

---@class zapi.reply.get_device
---@field phone? string connected number
---@field imgUrl? string profile picture (url)
---@field about? string profile about text
---@field name? string profile name
---@field device? zapi.reply.get_device.device
---@field originalDevice? "iphone"|"smbi"|"android"|"smba" platform of the phone (smb* = Business app)
---@field sessionId? integer session number
---@field isBusiness? boolean account is a Business one

--- Describe the connected phone or device.
---
--- `GET /device` · https://developer.z-api.io/instance/device
---@return zapi.reply.get_device|nil reply
---@return zapi.Error|nil err
function Client:get_device() end

---@class zapi.params.update_name
---@field value string new instance name

---@class zapi.reply.update_name
---@field value? boolean true when it was accepted, false when it was refused

--- Rename the instance.
---
--- `PUT /update-name` · https://developer.z-api.io/instance/rename-instance
---@param params zapi.params.update_name|string
---@return zapi.reply.update_name|nil reply
---@return zapi.Error|nil err
function Client:update_name(params) end

---@class zapi.reply.get_me
---@field id? string instance id
---@field token? string instance token
---@field name? string instance name
---@field due? number expiry, unix timestamp
---@field connected? boolean instance is connected
---@field paymentStatus? string billing state
---@field created? string creation date (docs type: Date) (datetime)
---@field connectedCallbackUrl? string connected webhook (url)
---@field deliveryCallbackUrl? string delivery webhook (url)
---@field disconnectedCallbackUrl? string disconnected webhook (url)
---@field messageStatusCallbackUrl? string message status webhook (url)
---@field presenceChatCallbackUrl? string chat presence webhook (url)
---@field receivedCallbackUrl? string received webhook (url)
---@field receiveCallbackSentByMe? boolean messages sent by the instance are also notified
---@field callRejectAuto? boolean calls are rejected automatically
---@field callRejectMessage? string text sent after a rejected call
---@field autoReadMessage? boolean incoming messages are marked as read
---@field initialDataCallbackUrl? string webhook for the first data after connecting (url)
---@field proxyUrl? string proxy the instance goes through, user and password included
---@field useProxy? boolean the proxy is switched on

--- Return the settings and state of the instance.
---
--- `GET /me` · https://developer.z-api.io/instance/me
--- - the values of paymentStatus are not listed; the newer sample shows ACTIVE
--- - the docs do not say whether due is in seconds or milliseconds: the newer sample (1700000000) looks like seconds, the partner pages use milliseconds
--- - proxyUrl holds credentials in clear: keep it out of logs
--- - proxyUrl and useProxy are set with configure_proxy
---@return zapi.reply.get_me|nil reply
---@return zapi.Error|nil err
function Client:get_me() end

---@class zapi.params.update_profile_picture
---@field value string image URL (url)

---@class zapi.reply.update_profile_picture
---@field value? boolean true when it was accepted, false when it was refused

--- Change the WhatsApp profile picture.
---
--- `PUT /profile-picture` · https://developer.z-api.io/instance/profile-picture
--- - the docs mention a URL only, not base64
---@param params zapi.params.update_profile_picture|string
---@return zapi.reply.update_profile_picture|nil reply
---@return zapi.Error|nil err
function Client:update_profile_picture(params) end

---@class zapi.params.update_profile_name
---@field value string new display name

---@class zapi.reply.update_profile_name
---@field value? boolean true when it was accepted, false when it was refused

--- Change the WhatsApp profile display name.
---
--- `PUT /profile-name` · https://developer.z-api.io/instance/profile-name
---@param params zapi.params.update_profile_name|string
---@return zapi.reply.update_profile_name|nil reply
---@return zapi.Error|nil err
function Client:update_profile_name(params) end

---@class zapi.params.update_profile_description
---@field value string new about text

---@class zapi.reply.update_profile_description
---@field value? boolean true when it was accepted, false when it was refused

--- Change the WhatsApp profile about text.
---
--- `PUT /profile-description` · https://developer.z-api.io/instance/profile-description
---@param params zapi.params.update_profile_description|string
---@return zapi.reply.update_profile_description|nil reply
---@return zapi.Error|nil err
function Client:update_profile_description(params) end

---@class zapi.params.update_auto_read_message
---@field value boolean true = on

---@class zapi.reply.update_auto_read_message
---@field value? boolean true when it was accepted, false when it was refused

--- Switch automatic reading of incoming messages on or off.
---
--- `PUT /update-auto-read-message` · https://developer.z-api.io/instance/auto-read
---@param params zapi.params.update_auto_read_message|boolean
---@return zapi.reply.update_auto_read_message|nil reply
---@return zapi.Error|nil err
function Client:update_auto_read_message(params) end

---@class zapi.params.update_auto_read_status
---@field value boolean true = on

---@class zapi.reply.update_auto_read_status
---@field value? boolean true when it was accepted, false when it was refused

--- Switch automatic viewing of received status posts on or off.
---
--- `PUT /update-auto-read-status` · https://developer.z-api.io/instance/auto-read-status
--- - only works while automatic message reading (update_auto_read_message) is on
---@param params zapi.params.update_auto_read_status|boolean
---@return zapi.reply.update_auto_read_status|nil reply
---@return zapi.Error|nil err
function Client:update_auto_read_status(params) end

---@class zapi.params.update_call_reject_auto
---@field value boolean true = reject calls

---@class zapi.reply.update_call_reject_auto
---@field value? boolean true when it was accepted, false when it was refused

--- Switch automatic rejection of incoming voice calls on or off.
---
--- `PUT /update-call-reject-auto` · https://developer.z-api.io/instance/call-reject
---@param params zapi.params.update_call_reject_auto|boolean
---@return zapi.reply.update_call_reject_auto|nil reply
---@return zapi.Error|nil err
function Client:update_call_reject_auto(params) end

---@class zapi.params.update_call_reject_message
---@field value string text to send

---@class zapi.reply.update_call_reject_message
---@field value? boolean true when it was accepted, false when it was refused

--- Set the text sent after a call was rejected automatically.
---
--- `PUT /update-call-reject-message` · https://developer.z-api.io/instance/call-reject-message
--- - only sent while automatic call rejection (update_call_reject_auto) is on
---@param params zapi.params.update_call_reject_message|string
---@return zapi.reply.update_call_reject_message|nil reply
---@return zapi.Error|nil err
function Client:update_call_reject_message(params) end

---@class zapi.reply.get_extension_token
---@field token string code to type in the browser extension, XXXX-XXXX
---@field expiresAt integer when the code expires, unix ms

--- Get a short-lived code that links the instance through the browser extension.
---
--- `GET /extension-token` · https://developer.z-api.io/en/instance/extension-token
--- - the code lives up to 5 minutes; ask for a new one afterwards
--- - meant for phones on which WhatsApp asks for a passkey when a web session is linked; offer it besides the QR code, not instead
--- - the user types the code in the Chrome extension Z-API Conector, with WhatsApp Web open in the number to be linked; that web session is then closed
--- - call it from a back end, never from a browser
---@return zapi.reply.get_extension_token|nil reply
---@return zapi.Error|nil err
function Client:get_extension_token() end

---@class zapi.params.send_text.groupMentioned
---@field phone string id of the group to tag (group)
---@field subject string name of that group

---@class zapi.params.send_text
---@field phone string where to send: phone digits, group id, @lid or broadcast list id; 13135550002 reaches Meta AI (chat)
---@field message string text, may hold WhatsApp markup, emoji and line breaks; the @number or @group id of a mention goes here
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field delayTyping? number seconds the chat shows typing first: 1 to 15, and 0 (the default) shows nothing (0 to 15)
---@field editMessageId? string id of an already sent text whose content this call replaces (message_id)
---@field messageId? string id of the message being answered; makes the text a reply (message_id)
---@field privateAnswer? boolean in a group, send the reply to the author's private chat instead of the group
---@field mentioned? string[] people to tag in a group; 13135550002 calls Meta AI there
---@field groupMentioned? zapi.params.send_text.groupMentioned[] groups of the same community to tag
---@field mentionAll? boolean tag everybody in the group; the text must hold @all

---@class zapi.reply.send_text
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a text message; also edits a sent text, replies, mentions people or groups, and talks to Meta AI.
---
--- `POST /send-text` · https://developer.z-api.io/message/send-message-text
--- - a line break may be written as \n, \r, \r\n or %0a depending on the client platform
--- - editing (editMessageId) works only when the instance already has its webhook configured
--- - messageId is what turns the text into a reply; the reply page treats it as mandatory
--- - privateAnswer only matters for a reply in a group and is ignored when the quoted message is your own
--- - with groupMentioned the chat must be a group of a community and every tagged group must belong to that same community; the text must hold @<group id>
--- - with mentioned the text should hold @<number>, except when tagging many members at once, where the @ may be left out
--- - members and groups can be tagged in the same message
--- - Meta AI: number 13135550002, text only (no media), personal WhatsApp accounts only, not business; in a group add that number to mentioned
--- - a broadcast list is reached by its id (digits@broadcast, see list_broadcasts), here as in the other sends; WhatsApp caps that at 35 messages a month per number, Z-API goes on past it
--- - mentionAll works in groups only, not in channels: status 400 with {"error":"mentionAll can only be used in groups"} elsewhere
--- - mentionAll shows as a mention only with @all in the text; @everyone and @todos do not work
--- - a text can be edited for 7 days
--- - a channel id (digits@newsletter) in phone: no send page names it, but the on-send errors list the kinds of message that channels refuse, so the others should pass
---@param params zapi.params.send_text
---@return zapi.reply.send_text|nil reply
---@return zapi.Error|nil err
function Client:send_text(params) end

---@class zapi.params.forward_message
---@field phone string chat that receives the forwarded message (chat)
---@field messageId string id of the message to forward (message_id)
---@field messagePhone string chat in which that message is found (chat)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.forward_message
---@field zaapId string id of the queued message inside Z-API

--- Forward an existing message to another chat.
---
--- `POST /forward-message` · https://developer.z-api.io/message/forward-message
--- - nothing is forwarded unless the instance has its webhook configured
--- - the answer carries zaapId only, no messageId
---@param params zapi.params.forward_message
---@return zapi.reply.forward_message|nil reply
---@return zapi.Error|nil err
function Client:forward_message(params) end

---@class zapi.params.send_reaction
---@field phone string chat that holds the message (chat)
---@field reaction string one emoji
---@field messageId string id of the message to react to (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_reaction
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- React to a message with an emoji.
---
--- `POST /send-reaction` · https://developer.z-api.io/message/send-message-reaction
--- - works on sent and on received messages
---@param params zapi.params.send_reaction
---@return zapi.reply.send_reaction|nil reply
---@return zapi.Error|nil err
function Client:send_reaction(params) end

---@class zapi.params.send_remove_reaction
---@field phone string chat that holds the message (chat)
---@field messageId string id of the message whose reaction is removed (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_remove_reaction
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Take back a reaction from a message.
---
--- `POST /send-remove-reaction` · https://developer.z-api.io/message/send-remove-reaction
--- - works on sent and on received messages
--- - the webhook reports the removal as a reaction with an empty value
---@param params zapi.params.send_remove_reaction
---@return zapi.reply.send_remove_reaction|nil reply
---@return zapi.Error|nil err
function Client:send_remove_reaction(params) end

---@class zapi.params.send_image
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field image string|zapi.Media picture URL or data: URI (media)
---@field caption? string text under the picture
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field viewOnce? boolean let the recipient open it only once
---@field editImageMessageId? string id of a picture already sent whose caption this call replaces (message_id)

---@class zapi.reply.send_image
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a picture by URL or base64.
---
--- `POST /send-image` · https://developer.z-api.io/message/send-message-image
--- - base64 content needs its data:<mime>;base64, prefix (data:image/png;base64, for a PNG)
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
--- - editing changes the caption only, works for 7 days and needs the webhook configured beforehand
---@param params zapi.params.send_image
---@return zapi.reply.send_image|nil reply
---@return zapi.Error|nil err
function Client:send_image(params) end

---@class zapi.params.send_sticker
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field sticker string|zapi.Media sticker URL or data: URI (media)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field stickerAuthor? string name shown as the author of the sticker

---@class zapi.reply.send_sticker
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a sticker by URL or base64.
---
--- `POST /send-sticker` · https://developer.z-api.io/message/send-message-sticker
--- - base64 content needs its data:<mime>;base64, prefix
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
--- - pictures only: another format fails later, in the on-send webhook
---@param params zapi.params.send_sticker
---@return zapi.reply.send_sticker|nil reply
---@return zapi.Error|nil err
function Client:send_sticker(params) end

---@class zapi.params.send_gif
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field gif string|zapi.Media URL or data: URI of an mp4 file (media)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field caption? string text sent with the GIF

---@class zapi.reply.send_gif
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send an animated GIF supplied as an mp4 file.
---
--- `POST /send-gif` · https://developer.z-api.io/message/send-message-gif
--- - the file must be an mp4, not a .gif
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
---@param params zapi.params.send_gif
---@return zapi.reply.send_gif|nil reply
---@return zapi.Error|nil err
function Client:send_gif(params) end

---@class zapi.params.send_audio
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field audio string|zapi.Media audio URL or data: URI (media)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field delayTyping? number seconds the chat shows recording audio first: 1 to 15, and 0 (the default) shows nothing (0 to 15)
---@field viewOnce? boolean let the recipient play it only once
---@field async? boolean answer at once and process the file in the background
---@field waveform? boolean show the sound wave in the player

---@class zapi.reply.send_audio
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send an audio message by URL or base64.
---
--- `POST /send-audio` · https://developer.z-api.io/message/send-message-audio
--- - with async the outcome arrives through the on-send webhook
--- - base64 content needs its data:<mime>;base64, prefix
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
---@param params zapi.params.send_audio
---@return zapi.reply.send_audio|nil reply
---@return zapi.Error|nil err
function Client:send_audio(params) end

---@class zapi.params.send_video
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field video string|zapi.Media video URL or data: URI (media)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field caption? string text sent with the video
---@field viewOnce? boolean let the recipient play it only once
---@field async? boolean answer at once and process the file in the background
---@field editVideoMessageId? string id of a video already sent whose caption this call replaces (message_id)

---@class zapi.reply.send_video
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a video by URL or base64.
---
--- `POST /send-video` · https://developer.z-api.io/message/send-message-video
--- - with async the outcome arrives through the on-send webhook
--- - base64 content needs its data:<mime>;base64, prefix
--- - editing changes the caption only, works for 7 days and needs the webhook configured beforehand
--- - at most 100 MB
--- - H.264 is sent as it is; other codecs are converted first, which may fail now and then or push the file over the size
---@param params zapi.params.send_video
---@return zapi.reply.send_video|nil reply
---@return zapi.Error|nil err
function Client:send_video(params) end

---@class zapi.params.send_ptv
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field ptv string|zapi.Media video URL or data: URI (media)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_ptv
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a round video note (PTV) by URL or base64.
---
--- `POST /send-ptv` · https://developer.z-api.io/message/send-message-ptv
--- - base64 content needs its data:<mime>;base64, prefix
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
--- - not available for channels (@newsletter)
---@param params zapi.params.send_ptv
---@return zapi.reply.send_ptv|nil reply
---@return zapi.Error|nil err
function Client:send_ptv(params) end

---@class zapi.params.send_document
---@field extension string file extension without the dot, such as pdf
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field document string|zapi.Media file URL or data: URI (media)
---@field fileName? string file name shown to the recipient
---@field caption? string text sent with the file
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field editDocumentMessageId? string id of a document already sent whose caption this call replaces (message_id)

---@class zapi.reply.send_document
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a file of any type, or edit the caption of a file already sent.
---
--- `POST /send-document/{extension}` · https://developer.z-api.io/message/send-message-document
--- - the extension in the path is mandatory
--- - editing changes the caption only, works for 7 days and needs the webhook configured beforehand
--- - base64 content needs its data:<mime>;base64, prefix
--- - size and file types are bounded by WhatsApp's own media rules, which the API does not restate
--- - not available for channels (@newsletter)
---@param params zapi.params.send_document
---@return zapi.reply.send_document|nil reply
---@return zapi.Error|nil err
function Client:send_document(params) end

---@class zapi.params.send_link
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field message string text that must end with the same address as linkUrl
---@field image string address of the preview picture (url)
---@field linkUrl string address the card opens (url)
---@field title string heading of the card
---@field linkDescription string description on the card
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field delayTyping? number seconds the chat shows typing first: 1 to 15, and 0 (the default) shows nothing (0 to 15)
---@field linkType? "SMALL"|"MEDIUM"|"LARGE" size of the preview (SMALL by default)

---@class zapi.reply.send_link
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a link with a preview card.
---
--- `POST /send-link` · https://developer.z-api.io/message/send-message-link
--- - message must finish with the linkUrl value
--- - the link is clickable only if the recipient has you as a contact or wrote to you first
---@param params zapi.params.send_link
---@return zapi.reply.send_link|nil reply
---@return zapi.Error|nil err
function Client:send_link(params) end

---@class zapi.params.send_location
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field title string name of the place
---@field address string street, number, district, city, state and postcode, parted by commas
---@field latitude string latitude as a decimal string
---@field longitude string longitude as a decimal string
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_location
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a fixed location.
---
--- `POST /send-location` · https://developer.z-api.io/message/send-message-location
--- - coordinates travel as strings
--- - not available for channels (@newsletter)
---@param params zapi.params.send_location
---@return zapi.reply.send_location|nil reply
---@return zapi.Error|nil err
function Client:send_location(params) end

---@class zapi.params.send_product
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field catalogPhone string business account that owns the product; a real number, not an @lid (phone)
---@field productId string product id, from the product list or a webhook

---@class zapi.reply.send_product
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a product of a business catalogue.
---
--- `POST /send-product` · https://developer.z-api.io/message/send-message-product
--- - business accounts only, with products registered
--- - an unknown product or an @lid as catalogPhone fails later, in the on-send webhook
---@param params zapi.params.send_product
---@return zapi.reply.send_product|nil reply
---@return zapi.Error|nil err
function Client:send_product(params) end

---@class zapi.params.send_catalog
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field catalogPhone string business account that owns the catalogue (phone)
---@field translation? "EN"|"PT" language of the card's stock text
---@field message? string text sent with the card
---@field title? string heading of the card
---@field catalogDescription? string description on the card

---@class zapi.reply.send_catalog
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a link card to a business catalogue.
---
--- `POST /send-catalog` · https://developer.z-api.io/message/send-message-catalog
--- - business accounts only, with products and a configured catalogue
---@param params zapi.params.send_catalog
---@return zapi.reply.send_catalog|nil reply
---@return zapi.Error|nil err
function Client:send_catalog(params) end

---@class zapi.params.send_contact
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field contactName string name on the card
---@field contactPhone string phone on the card (phone)
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field contactBusinessDescription? string short description on the card

---@class zapi.reply.send_contact
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Share one contact card.
---
--- `POST /send-contact` · https://developer.z-api.io/message/send-message-contact
--- - the shared person need not be among your contacts
--- - WhatsApp Web does not show the business description
--- - not available for channels (@newsletter)
---@param params zapi.params.send_contact
---@return zapi.reply.send_contact|nil reply
---@return zapi.Error|nil err
function Client:send_contact(params) end

---@class zapi.params.send_contacts.contacts
---@field name string name on the card
---@field phones string[] one or more phones of this contact
---@field businessDescription? string short description on the card

---@class zapi.params.send_contacts
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field contacts zapi.params.send_contacts.contacts[] cards to send
---@field messageId? string id of the message in this chat that this one answers (message_id)
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_contacts
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Share several contact cards in one message.
---
--- `POST /send-contacts` · https://developer.z-api.io/message/send-message-multiple-contacts
--- - the shared people need not be among your contacts
--- - not available for channels (@newsletter)
---@param params zapi.params.send_contacts
---@return zapi.reply.send_contacts|nil reply
---@return zapi.Error|nil err
function Client:send_contacts(params) end

---@class zapi.params.send_button_actions.buttonActions
---@field type "CALL"|"URL"|"REPLY" what the button does
---@field phone? string number dialled, for CALL; digits (one official example adds a leading +)
---@field url? string address opened, for URL; starts with http:// or https:// (url)
---@field label string text on the button
---@field id? string your own id of the button

---@class zapi.params.send_button_actions
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field message string text of the message
---@field buttonActions zapi.params.send_button_actions.buttonActions[] buttons to show
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field title? string heading above the text
---@field footer? string small text below
---@field image? string|zapi.Media picture URL or data: URI sent with the message (media)

---@class zapi.reply.send_button_actions
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a text with call, link or reply buttons.
---
--- `POST /send-button-actions` · https://developer.z-api.io/message/send-button-actions
--- - CALL needs phone, URL needs url; REPLY needs neither
--- - mixing CALL, URL and REPLY in one message breaks on WhatsApp Web: keep CALL with URL, and send REPLY on its own
--- - a URL of the form https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp<code> makes the button copy the code
--- - WhatsApp may break buttons at any update; the account must first accept the button terms of use
--- - not available for channels (@newsletter)
---@param params zapi.params.send_button_actions
---@return zapi.reply.send_button_actions|nil reply
---@return zapi.Error|nil err
function Client:send_button_actions(params) end

---@class zapi.params.send_button_list.buttonList.buttons
---@field label string text on the button
---@field id? string your own id of the button

---@class zapi.params.send_button_list.buttonList
---@field image? string|zapi.Media picture URL or data: URI shown above the text (media)
---@field video? string|zapi.Media video URL or data: URI shown above the text (media)
---@field buttons zapi.params.send_button_list.buttonList.buttons[] buttons to show

---@class zapi.params.send_button_list
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field message string text of the message, not empty
---@field buttonList zapi.params.send_button_list.buttonList buttons and optional media
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_button_list
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send quick-reply buttons under a text, a picture or a video.
---
--- `POST /send-button-list` · https://developer.z-api.io/message/send-button-list
--- - message must not be empty
--- - the docs show either image or video, never both in one call
--- - WhatsApp may break buttons at any update; the account must first accept the button terms of use
--- - not available for channels (@newsletter)
---@param params zapi.params.send_button_list
---@return zapi.reply.send_button_list|nil reply
---@return zapi.Error|nil err
function Client:send_button_list(params) end

---@class zapi.params.send_option_list.optionList.options
---@field description? string second line of the option
---@field title string first line of the option
---@field id? string your own id of the option

---@class zapi.params.send_option_list.optionList
---@field title string heading of the list
---@field options zapi.params.send_option_list.optionList.options[] options to choose from
---@field buttonLabel string text of the button that opens the list

---@class zapi.params.send_option_list
---@field phone string where to send; groups no longer work (chat)
---@field message string text of the message
---@field optionList zapi.params.send_option_list.optionList the list
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_option_list
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a text that opens a list of options.
---
--- `POST /send-option-list` · https://developer.z-api.io/message/send-option-list
--- - no longer works in groups (dropped by WhatsApp); private chats only
--- - the account must accept the button terms of use
--- - not available for channels (@newsletter)
---@param params zapi.params.send_option_list
---@return zapi.reply.send_option_list|nil reply
---@return zapi.Error|nil err
function Client:send_option_list(params) end

---@class zapi.params.send_button_otp
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field message string text of the message
---@field code string value copied by the button, any text
---@field image? string|zapi.Media picture URL or data: URI sent with the button (media)
---@field buttonText? string text on the button (Copiar código by default)

---@class zapi.reply.send_button_otp
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a text with a button that copies a code.
---
--- `POST /send-button-otp` · https://developer.z-api.io/message/send-button-otp
--- - WhatsApp may break buttons at any update; the account must first accept the button terms of use
---@param params zapi.params.send_button_otp
---@return zapi.reply.send_button_otp|nil reply
---@return zapi.Error|nil err
function Client:send_button_otp(params) end

---@class zapi.params.send_button_pix
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field pixKey string the PIX key
---@field type "CPF"|"CNPJ"|"PHONE"|"EMAIL"|"EVP" kind of key
---@field merchantName? string title on the button; an empty value also gives the default

---@class zapi.reply.send_button_pix
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a PIX key with a copy button.
---
--- `POST /send-button-pix` · https://developer.z-api.io/message/send-button-pix
--- - on WhatsApp Web a received PIX message neither marks the chat unread nor moves it up (a WhatsApp Web bug)
--- - WhatsApp may break buttons at any update; the account must first accept the button terms of use
--- - not available for channels (@newsletter)
---@param params zapi.params.send_button_pix
---@return zapi.reply.send_button_pix|nil reply
---@return zapi.Error|nil err
function Client:send_button_pix(params) end

---@class zapi.params.send_carousel.carousel.buttons
---@field type "CALL"|"URL"|"REPLY" what the button does
---@field phone? string number dialled, for CALL; digits (one official example adds a leading +)
---@field url? string address opened, for URL; starts with http:// or https:// (url)
---@field label string text on the button
---@field id? string your own id of the button

---@class zapi.params.send_carousel.carousel
---@field text string text of the card
---@field image string|zapi.Media picture of the card; the docs show URLs only (media)
---@field buttons? zapi.params.send_carousel.carousel.buttons[] buttons of the card

---@class zapi.params.send_carousel
---@field phone string where to send: phone digits with country code, group id, @lid or broadcast list id (chat)
---@field message string text of the message
---@field carousel zapi.params.send_carousel.carousel[] the cards
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)

---@class zapi.reply.send_carousel
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a carousel of picture cards, with optional buttons on each.
---
--- `POST /send-carousel` · https://developer.z-api.io/message/send-message-carousel
--- - buttons may be left out of a card
--- - CALL needs phone, URL needs url; REPLY needs neither
--- - WhatsApp may break buttons at any update; the account must first accept the button terms of use
---@param params zapi.params.send_carousel
---@return zapi.reply.send_carousel|nil reply
---@return zapi.Error|nil err
function Client:send_carousel(params) end

---@class zapi.params.delete_message
---@field messageId string id of the message to delete (message_id)
---@field phone string chat that holds the message (chat)
---@field owner boolean true when you sent the message, false when you received it

--- Delete a message, sent or received.
---
--- `DELETE /messages` · https://developer.z-api.io/message/delete-message
--- - all three parameters travel in the query string
--- - the id is the messageId of the send response, or of the receive webhook for a received message
---@param params zapi.params.delete_message
---@return table|nil reply
---@return zapi.Error|nil err
function Client:delete_message(params) end

---@class zapi.params.read_message
---@field phone string chat that holds the message (chat)
---@field messageId string id of the message to mark as read (message_id)

--- Mark a message as read.
---
--- `POST /read-message` · https://developer.z-api.io/message/read-message
---@param params zapi.params.read_message
---@return table|nil reply
---@return zapi.Error|nil err
function Client:read_message(params) end

---@class zapi.params.send_poll.poll
---@field name string text of the option

---@class zapi.params.send_poll
---@field phone string group to send to (see the limits) (chat)
---@field message string the question
---@field poll zapi.params.send_poll.poll[] the options
---@field delayMessage? number seconds to wait before the next queued message goes out; a random 1 to 3 when absent (1 to 15)
---@field pollMaxOptions? number most options one person may pick; 1 makes it single choice, absent allows several

---@class zapi.reply.send_poll
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send a poll.
---
--- `POST /send-poll` · https://developer.z-api.io/message/send-poll
--- - groups only, says the newer page
---@param params zapi.params.send_poll
---@return zapi.reply.send_poll|nil reply
---@return zapi.Error|nil err
function Client:send_poll(params) end

---@class zapi.params.send_poll_vote.pollVote
---@field name string text of the chosen option

---@class zapi.params.send_poll_vote
---@field phone string group that holds the poll (see the limits) (chat)
---@field pollMessageId string id of the poll message (message_id)
---@field pollVote zapi.params.send_poll_vote.pollVote[] chosen options, one or more

---@class zapi.reply.send_poll_vote
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Vote in a poll.
---
--- `POST /send-poll-vote` · https://developer.z-api.io/message/send-poll-vote
--- - several options may be chosen in one vote
--- - groups only, says the newer page
---@param params zapi.params.send_poll_vote
---@return zapi.reply.send_poll_vote|nil reply
---@return zapi.Error|nil err
function Client:send_poll_vote(params) end

---@class zapi.params.send_order.order.products
---@field name string product name
---@field value number unit price
---@field quantity number how many
---@field productId? string catalogue product id; left out for a custom product

---@class zapi.params.send_order.order
---@field currency string currency code, such as BRL
---@field products zapi.params.send_order.order.products[] products of the order
---@field discount? number discount amount
---@field tax? number tax amount
---@field shipping? number shipping cost

---@class zapi.params.send_order.paymentSettings.pix
---@field key? string the PIX key
---@field keyType? "cpf"|"cnpj"|"phone"|"email"|"randomKey" kind of key
---@field name? string name of the key

---@class zapi.params.send_order.paymentSettings.card
---@field enabled? boolean offer card payment

---@class zapi.params.send_order.paymentSettings
---@field pix? zapi.params.send_order.paymentSettings.pix pay by PIX
---@field card? zapi.params.send_order.paymentSettings.card pay by card

---@class zapi.params.send_order
---@field phone string recipient's phone, digits only with country code (phone)
---@field order zapi.params.send_order.order the order
---@field paymentSettings? zapi.params.send_order.paymentSettings payment means offered

---@class zapi.reply.send_order
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send an order (the accept-order or charge message) with products and payment means.
---
--- `POST /send-order` · https://developer.z-api.io/message/send-order
--- - business accounts only
--- - card payment must first be set up in the phone's WhatsApp account
--- - a product without productId counts as custom and gets an id valid for this order only
--- - the webhook returns the ids that later status and payment updates need
--- - an invalid currency code fails later, in the on-send webhook
---@param params zapi.params.send_order
---@return zapi.reply.send_order|nil reply
---@return zapi.Error|nil err
function Client:send_order(params) end

---@class zapi.params.update_order_status.order.products
---@field productId string product id, from the webhook; custom-item-... for a custom product
---@field name string product name
---@field value number unit price
---@field quantity number how many
---@field isCustomItem? boolean true for a product made up at sending time, from the webhook

---@class zapi.params.update_order_status.order
---@field currency string currency code, such as BRL
---@field products zapi.params.update_order_status.order.products[] all products of the order
---@field discount? number discount amount
---@field tax? number tax amount
---@field shipping? number shipping cost

---@class zapi.params.update_order_status
---@field phone string recipient's phone, digits only with country code (phone)
---@field messageId string WhatsApp id of the original order message (message_id)
---@field referenceId string reference id of the order, from the webhook
---@field orderRequestId string id of the order request, from the webhook
---@field orderStatus "pending"|"processing"|"shipped"|"completed"|"canceled" new status of the order
---@field paymentStatus "pending"|"paid" present status of the payment, from the webhook
---@field order zapi.params.update_order_status.order the order as it was sent
---@field message? string text of the update

---@class zapi.reply.update_order_status
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send the customer an update of an order's status.
---
--- `POST /order-status-update` · https://developer.z-api.io/message/update-order-status
--- - business accounts only
--- - repeat every datum of the original order, plus the ids the send-order webhook returned (referenceId, orderRequestId, productId, isCustomItem)
--- - a product sent without productId comes back with an id that starts with custom-item and isCustomItem true
---@param params zapi.params.update_order_status
---@return zapi.reply.update_order_status|nil reply
---@return zapi.Error|nil err
function Client:update_order_status(params) end

---@class zapi.params.update_order_payment.order.products
---@field productId string product id, from the webhook; custom-item-... for a custom product
---@field name string product name
---@field value number unit price
---@field quantity number how many
---@field isCustomItem? boolean true for a product made up at sending time, from the webhook

---@class zapi.params.update_order_payment.order
---@field currency string currency code, such as BRL
---@field products zapi.params.update_order_payment.order.products[] all products of the order
---@field discount? number discount amount
---@field tax? number tax amount
---@field shipping? number shipping cost

---@class zapi.params.update_order_payment
---@field phone string recipient's phone, digits only with country code (phone)
---@field messageId string WhatsApp id of the original order message (message_id)
---@field referenceId string reference id of the order, from the webhook
---@field orderRequestId string id of the order request, from the webhook
---@field orderStatus "pending"|"processing"|"shipped"|"completed"|"canceled" present status of the order, from the webhook
---@field paymentStatus "pending"|"paid" new status of the payment
---@field order zapi.params.update_order_payment.order the order as it was sent
---@field message? string text of the update

---@class zapi.reply.update_order_payment
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send the customer an update of an order's payment.
---
--- `POST /order-payment-update` · https://developer.z-api.io/message/update-order-payment
--- - business accounts only
--- - repeat every datum of the original order, plus the ids the send-order webhook returned (referenceId, orderRequestId, productId, isCustomItem)
--- - a product sent without productId comes back with an id that starts with custom-item and isCustomItem true
---@param params zapi.params.update_order_payment
---@return zapi.reply.update_order_payment|nil reply
---@return zapi.Error|nil err
function Client:update_order_payment(params) end

---@class zapi.params.pin_message
---@field phone string chat that holds the message (chat)
---@field messageId string id of the message to pin or unpin (message_id)
---@field messageAction "pin"|"unpin" what to do
---@field pinMessageDuration "24_hours"|"7_days"|"30_days" how long it stays pinned; without effect for unpin

---@class zapi.reply.pin_message
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Pin or unpin a message in a chat.
---
--- `POST /pin-message` · https://developer.z-api.io/message/send-pin-message
--- - works in private chats and in groups
--- - not available for channels (@newsletter)
---@param params zapi.params.pin_message
---@return zapi.reply.pin_message|nil reply
---@return zapi.Error|nil err
function Client:pin_message(params) end

---@class zapi.params.send_newsletter_admin_invite.adminInviteMessage
---@field newsletterId string channel id, ends with @newsletter (newsletter)
---@field caption string text of the invitation

---@class zapi.params.send_newsletter_admin_invite
---@field phone string recipient's phone, digits only with country code (phone)
---@field adminInviteMessage zapi.params.send_newsletter_admin_invite.adminInviteMessage the invitation

---@class zapi.reply.send_newsletter_admin_invite
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Invite someone to become an admin of your channel.
---
--- `POST /send-newsletter-admin-invite` · https://developer.z-api.io/message/send-newsletter-admin-invite
---@param params zapi.params.send_newsletter_admin_invite
---@return zapi.reply.send_newsletter_admin_invite|nil reply
---@return zapi.Error|nil err
function Client:send_newsletter_admin_invite(params) end

---@class zapi.params.send_event.event.location
---@field name? string name of the place

---@class zapi.params.send_event.event
---@field name string name of the event
---@field description? string what it is about
---@field dateTime string when it starts, ISO 8601 (datetime)
---@field timeZone? string UTC offset of the event, such as UTC-3
---@field location? zapi.params.send_event.event.location where it takes place
---@field callLinkType? "voice"|"video" kind of call link to attach
---@field canceled? boolean whether the event is cancelled

---@class zapi.params.send_event
---@field phone string group to send to (chat)
---@field event zapi.params.send_event.event the event

---@class zapi.reply.send_event
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Send an event to a group.
---
--- `POST /send-event` · https://developer.z-api.io/message/send-event
--- - groups only
---@param params zapi.params.send_event
---@return zapi.reply.send_event|nil reply
---@return zapi.Error|nil err
function Client:send_event(params) end

---@class zapi.params.send_edit_event.event.location
---@field name? string name of the place

---@class zapi.params.send_edit_event.event
---@field name string name of the event
---@field description? string what it is about
---@field dateTime string when it starts, ISO 8601 (datetime)
---@field location? zapi.params.send_edit_event.event.location where it takes place
---@field callLinkType? "voice"|"video" kind of call link to attach
---@field canceled? boolean whether the event is cancelled

---@class zapi.params.send_edit_event
---@field phone string chat that holds the event (chat)
---@field event zapi.params.send_edit_event.event the event
---@field eventMessageId string id of the original event message (message_id)

---@class zapi.reply.send_edit_event
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Edit or cancel an event already sent.
---
--- `POST /send-edit-event` · https://developer.z-api.io/message/send-edit-event
--- - send every datum of the event again, even the unchanged ones: what is left out may be removed
--- - groups only; a bad date and time fails later, in the on-send webhook
---@param params zapi.params.send_edit_event
---@return zapi.reply.send_edit_event|nil reply
---@return zapi.Error|nil err
function Client:send_edit_event(params) end

---@class zapi.params.send_event_response
---@field phone string chat that holds the event (chat)
---@field eventResponse "GOING"|"NOT_GOING" the answer
---@field eventMessageId string id of the original event message (message_id)

---@class zapi.reply.send_event_response
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Answer an event: going or not.
---
--- `POST /send-event-response` · https://developer.z-api.io/message/send-event-response
--- - you cannot answer your own event; your answer to it always stays going
---@param params zapi.params.send_event_response
---@return zapi.reply.send_event_response|nil reply
---@return zapi.Error|nil err
function Client:send_event_response(params) end

---@class zapi.params.reply_button
---@field phone string chat that holds the message: phone digits with country code, group id or @lid (chat)
---@field responseButtonId string id of the button to press, from the received webhook (buttonId in its sample)
---@field messageId string id of the message that holds the buttons (message_id)

---@class zapi.reply.reply_button
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Answer a message with buttons by pressing one of them.
---
--- `POST /reply-button` · https://developer.z-api.io/en/message/reply-button
--- - presses a button of a message made with send_button_list
--- - not available for channels (@newsletter)
---@param params zapi.params.reply_button
---@return zapi.reply.reply_button|nil reply
---@return zapi.Error|nil err
function Client:reply_button(params) end

---@class zapi.params.reply_template_button
---@field phone string chat that holds the message: phone digits with country code, group id or @lid (chat)
---@field responseTemplateButtonId string id of the REPLY button to press, from the received webhook
---@field messageId string id of the message that holds the buttons (message_id)

---@class zapi.reply.reply_template_button
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Answer a message with action buttons by pressing a REPLY button.
---
--- `POST /reply-template-button` · https://developer.z-api.io/en/message/reply-template-button
--- - presses a button of a message made with send_button_actions; only buttons of type REPLY can be answered
--- - not available for channels (@newsletter)
---@param params zapi.params.reply_template_button
---@return zapi.reply.reply_template_button|nil reply
---@return zapi.Error|nil err
function Client:reply_template_button(params) end

---@class zapi.params.send_text_status
---@field message string text of the status

---@class zapi.reply.send_text_status
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)

--- Post a text to your status.
---
--- `POST /send-text-status` · https://developer.z-api.io/status/send-text-status
--- - a status disappears after 24 hours
---@param params zapi.params.send_text_status|string
---@return zapi.reply.send_text_status|nil reply
---@return zapi.Error|nil err
function Client:send_text_status(params) end

---@class zapi.params.send_image_status
---@field image string|zapi.Media picture URL or data: URI (media)
---@field caption? string text shown with the picture

---@class zapi.reply.send_image_status
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)

--- Post a picture to your status.
---
--- `POST /send-image-status` · https://developer.z-api.io/status/send-image-status
--- - a status disappears after 24 hours
---@param params zapi.params.send_image_status|string
---@return zapi.reply.send_image_status|nil reply
---@return zapi.Error|nil err
function Client:send_image_status(params) end

---@class zapi.params.send_video_status
---@field video string|zapi.Media video URL or data: URI (media)
---@field caption? string text shown with the video

---@class zapi.reply.send_video_status
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)

--- Post a video to your status.
---
--- `POST /send-video-status` · https://developer.z-api.io/status/send-video-status
--- - a status disappears after 24 hours
--- - at most 10 MB
---@param params zapi.params.send_video_status|string
---@return zapi.reply.send_video_status|nil reply
---@return zapi.Error|nil err
function Client:send_video_status(params) end

---@class zapi.params.reply_status_text
---@field phone string number of the person who posted the status (phone)
---@field message string text of the reply
---@field statusMessageId string id of the status message, from the receive webhook (message_id)

---@class zapi.reply.reply_status_text
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Reply to someone's status with a text.
---
--- `POST /reply-status-text` · https://developer.z-api.io/status/reply-status-text
---@param params zapi.params.reply_status_text
---@return zapi.reply.reply_status_text|nil reply
---@return zapi.Error|nil err
function Client:reply_status_text(params) end

---@class zapi.params.reply_status_gif
---@field phone string number of the person who posted the status (phone)
---@field gif string|zapi.Media address of an mp4 file; only links are documented here (media)
---@field statusMessageId string id of the status message, from the receive webhook (message_id)

---@class zapi.reply.reply_status_gif
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Reply to someone's status with a GIF supplied as an mp4 file.
---
--- `POST /reply-status-gif` · https://developer.z-api.io/status/reply-status-gif
--- - the file must be an mp4, not a .gif
---@param params zapi.params.reply_status_gif
---@return zapi.reply.reply_status_gif|nil reply
---@return zapi.Error|nil err
function Client:reply_status_gif(params) end

---@class zapi.params.reply_status_sticker
---@field phone string number of the person who posted the status (phone)
---@field sticker string|zapi.Media sticker URL or data: URI (media)
---@field statusMessageId string id of the status message, from the receive webhook (message_id)

---@class zapi.reply.reply_status_sticker
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Reply to someone's status with a sticker.
---
--- `POST /reply-status-sticker` · https://developer.z-api.io/status/reply-status-sticker
---@param params zapi.params.reply_status_sticker
---@return zapi.reply.reply_status_sticker|nil reply
---@return zapi.Error|nil err
function Client:reply_status_sticker(params) end

---@class zapi.params.list_chats
---@field page? integer page number (default 1)
---@field pageSize? integer chats per page (default 20)

---@class zapi.reply.list_chats.notes
---@field id? string note id
---@field content? string note text
---@field createdAt? number creation, unix ms
---@field lastUpdateAt? number last change, unix ms

---@class zapi.reply.list_chats
---@field archived? any chat is archived; boolean in the table, quoted string in the sample
---@field pinned? any chat is pinned; boolean in the table, quoted string in the sample
---@field phone? string chat id (chat)
---@field unread? string count of unread messages, as text
---@field name? string chat name
---@field lastMessageTime? string last interaction, timestamp as text
---@field muteEndTime? any when the mute ends, -1 = never; string in the table, number in the sample
---@field isMuted? "0"|"1" '0' or '1'
---@field isMarkedSpam? any marked as spam; boolean in the table, quoted string in the sample
---@field profileThumbnail? string picture link, gone after 48 h; may be null (url)
---@field isGroupAnnouncement? boolean announcement group
---@field isGroup? boolean chat is a group
---@field notes? zapi.reply.list_chats.notes chat note; Business accounts only
---@field messagesUnread? integer discontinued

--- List the chats, page by page.
---
--- `GET /chats` · https://developer.z-api.io/chats/get-chats
--- - notes come from Business accounts only
--- - picture links are deleted by WhatsApp after 48 h
--- - messagesUnread is discontinued
---@param params? zapi.params.list_chats
---@return zapi.reply.list_chats[]|nil reply
---@return zapi.Error|nil err
function Client:list_chats(params) end

---@class zapi.params.list_chat_messages
---@field phone string chat number with country code, digits only (chat)
---@field amount integer how many messages; 10 at a time is advised
---@field lastMessageId string id of the last message fetched before (message_id)

---@class zapi.reply.list_chat_messages.text
---@field message? string
---@field url? string  (url)
---@field urlDescription? string
---@field urlTitle? string
---@field isCatalog? boolean

---@class zapi.reply.list_chat_messages.image
---@field mimeType? string
---@field imageUrl? string  (url)
---@field thumbnailUrl? string  (url)
---@field caption? string

---@class zapi.reply.list_chat_messages.document
---@field documentUrl? string  (url)
---@field mimeType? string
---@field title? string
---@field pageCount? integer
---@field fileName? string

---@class zapi.reply.list_chat_messages.contact
---@field displayName? string
---@field vCard? string
---@field phones? string[]

---@class zapi.reply.list_chat_messages
---@field instanceId? string instance id
---@field messageId? string message id (message_id)
---@field phone? string chat id (chat)
---@field fromMe? boolean sent by the instance
---@field momment? number time, unix ms (spelt so)
---@field status? string message state
---@field chatName? string chat name
---@field senderPhoto? string sender picture (url)
---@field senderName? string sender name
---@field participantPhone? string group member who wrote; null outside groups
---@field participantLid? string lid of the group member; only in the English sample
---@field photo? string chat picture (url)
---@field broadcast? boolean came from a broadcast list
---@field text? zapi.reply.list_chat_messages.text text or link message
---@field image? zapi.reply.list_chat_messages.image image message
---@field document? zapi.reply.list_chat_messages.document document message
---@field contact? zapi.reply.list_chat_messages.contact contact message

--- Return messages of one chat (old single-device version only).
---
--- `GET /chat-messages/{phone}` · https://developer.z-api.io/chats/get-message-chats
--- - not available on the multi-device version (messages are not stored; use the received webhook instead)
--- - amount: about 10 per call is advised
--- - the reply's fields depend on the message type; the docs show text, image, document, contact and link
---@param params zapi.params.list_chat_messages
---@return zapi.reply.list_chat_messages[]|nil reply
---@return zapi.Error|nil err
function Client:list_chat_messages(params) end

---@class zapi.params.get_chat
---@field phone string chat number with country code; docs speak of digits only, the reply also covers groups (chat)

---@class zapi.reply.get_chat.notes
---@field id? string note id
---@field content? string note text
---@field createdAt? number creation, unix ms
---@field lastUpdateAt? number last change, unix ms

---@class zapi.reply.get_chat
---@field phone? string chat id (chat)
---@field unread? string count of unread messages, as text
---@field lastMessageTime? string last interaction, timestamp as text
---@field isMuted? "0"|"1" '0' or '1'
---@field isMarkedSpam? any marked as spam; boolean in the table, quoted string in the sample
---@field profileThumbnail? string picture link, gone after 48 h (url)
---@field isGroupAnnouncement? boolean announcement group
---@field isGroup? boolean chat is a group
---@field notes? zapi.reply.get_chat.notes chat note; Business accounts only
---@field messagesUnread? integer discontinued
---@field about? string profile about text

--- Return the details of one chat.
---
--- `GET /chats/{phone}` · https://developer.z-api.io/chats/get-metadata-chat
--- - notes come from Business accounts only
--- - picture links are deleted by WhatsApp after 48 h
--- - messagesUnread is discontinued
---@param params zapi.params.get_chat|string
---@return zapi.reply.get_chat|nil reply
---@return zapi.Error|nil err
function Client:get_chat(params) end

---@class zapi.params.modify_chat
---@field phone string chat to change (chat)
---@field action "read"|"unread"|"archive"|"unarchive"|"pin"|"unpin"|"mute"|"unmute"|"clear"|"delete" what to do with the chat

---@class zapi.reply.modify_chat
---@field value? boolean true when it was accepted, false when it was refused

--- Mark, archive, pin, mute, clear or delete a chat.
---
--- `POST /modify-chat` · https://developer.z-api.io/chats/read-chat
--- - one action per call
--- - read, archive, pin, mute and their opposites can be repeated; clear and delete also remove what came in meanwhile
--- - not available for channels (@newsletter)
---@param params zapi.params.modify_chat
---@return zapi.reply.modify_chat|nil reply
---@return zapi.Error|nil err
function Client:modify_chat(params) end

---@class zapi.params.send_chat_expiration
---@field phone string chat to change (chat)
---@field chatExpiration "24_HOURS"|"7_DAYS"|"90_DAYS"|"OFF" lifetime of messages

---@class zapi.reply.send_chat_expiration
---@field value? boolean true when it was accepted, false when it was refused

--- Set how long messages of one chat live.
---
--- `POST /send-chat-expiration` · https://developer.z-api.io/chats/chat-expiration
--- - not available for channels (@newsletter)
---@param params zapi.params.send_chat_expiration
---@return zapi.reply.send_chat_expiration|nil reply
---@return zapi.Error|nil err
function Client:send_chat_expiration(params) end

---@class zapi.params.list_contacts
---@field page? integer page number (default 1)
---@field pageSize? integer contacts per page (default 20)

---@class zapi.reply.list_contacts
---@field phone? string contact number (phone)
---@field name? string full name; only for saved contacts
---@field short? string first name; only for saved contacts
---@field vname? string name on the vCard
---@field notify? string name the person set in WhatsApp

--- List the WhatsApp contacts, page by page.
---
--- `GET /contacts` · https://developer.z-api.io/contacts/get-contacts
--- - also returns people who merely share a group with the number, so more than the address book holds
---@param params? zapi.params.list_contacts
---@return zapi.reply.list_contacts[]|nil reply
---@return zapi.Error|nil err
function Client:list_contacts(params) end

---@class zapi.params.add_contacts
---@field firstName string first name
---@field phone string contact number (phone)
---@field lastName? string last name

---@class zapi.reply.add_contacts
---@field success? boolean worked
---@field errors? any[] undocumented; empty in the sample

--- Save contacts to the phone's address book through WhatsApp.
---
--- `POST /contacts/add` · https://developer.z-api.io/contacts/add-contacts
--- - the body is a bare JSON array
--- - only for WhatsApp accounts that already got the needed update
--- - WhatsApp must be allowed, in its privacy settings, to write to the phone's contacts
---@param params zapi.params.add_contacts[]
---@return zapi.reply.add_contacts|nil reply
---@return zapi.Error|nil err
function Client:add_contacts(params) end

---@class zapi.reply.remove_contacts
---@field success? boolean worked
---@field errors? any[] undocumented; empty in the sample

--- Remove contacts from the phone's address book through WhatsApp.
---
--- `DELETE /contacts/remove` · https://developer.z-api.io/contacts/remove-contacts
--- - DELETE with a body: a bare JSON array of numbers
--- - only for WhatsApp accounts that already got the needed update
--- - the page has no attribute table: the shape is taken from its sample body
---@param params string[]
---@return zapi.reply.remove_contacts|nil reply
---@return zapi.Error|nil err
function Client:remove_contacts(params) end

---@class zapi.params.get_contact
---@field phone string contact number with country code, digits only (phone)

---@class zapi.reply.get_contact
---@field phone? string contact number (phone)
---@field name? string full name; only for saved contacts
---@field short? string first name; only for saved contacts
---@field vname? string name on the vCard
---@field notify? string name the person set in WhatsApp
---@field imgUrl? string picture link, gone after 48 h (url)
---@field about? string profile about text

--- Return the details of one contact.
---
--- `GET /contacts/{phone}` · https://developer.z-api.io/contacts/get-metadata-contact
--- - picture links are deleted by WhatsApp after 48 h; get_profile_picture returns a fresh one
---@param params zapi.params.get_contact|string
---@return zapi.reply.get_contact|nil reply
---@return zapi.Error|nil err
function Client:get_contact(params) end

---@class zapi.params.get_profile_picture
---@field phone string contact number with country code, digits only (phone)

---@class zapi.reply.get_profile_picture
---@field link? string picture URL (url)

--- Return a current link to a contact's picture.
---
--- `GET /profile-picture` · https://developer.z-api.io/contacts/get-profile-picture
--- - picture links are deleted by WhatsApp after 48 h
---@param params zapi.params.get_profile_picture|string
---@return zapi.reply.get_profile_picture|any[]|nil reply
---@return zapi.Error|nil err
function Client:get_profile_picture(params) end

---@class zapi.params.phone_exists
---@field phone string number with country code, digits only (phone)

---@class zapi.reply.phone_exists
---@field exists? boolean number has WhatsApp
---@field phone? string number as WhatsApp knows it (phone)
---@field lid? string private WhatsApp id (…@lid); null when exists is false

--- Tell whether a number has a WhatsApp account.
---
--- `GET /phone-exists/{phone}` · https://developer.z-api.io/contacts/get-iswhatsapp
--- - not meant as a check before each send: sending already checks the number
--- - also serves to turn a phone number into its @lid
--- - an @lid cannot be turned back into a phone number
---@param params zapi.params.phone_exists|string
---@return zapi.reply.phone_exists[]|table|nil reply
---@return zapi.Error|nil err
function Client:phone_exists(params) end

---@class zapi.params.phone_exists_batch
---@field phones string[] numbers with country code, digits only (at most 50000 items)

---@class zapi.reply.phone_exists_batch
---@field exists? boolean number has WhatsApp
---@field inputPhone? string number as sent (phone)
---@field outputPhone? string number as WhatsApp knows it (ninth digit corrected) (phone)
---@field lid? string private WhatsApp id (…@lid); null when exists is false

--- Tell for many numbers at once which have WhatsApp.
---
--- `POST /phone-exists-batch` · https://developer.z-api.io/contacts/get-iswhatsapp-batch
--- - at most 50,000 numbers a request
--- - not meant as a check before each send
---@param params zapi.params.phone_exists_batch
---@return zapi.reply.phone_exists_batch[]|nil reply
---@return zapi.Error|nil err
function Client:phone_exists_batch(params) end

---@class zapi.params.modify_blocked_contact
---@field phone string contact number (phone)
---@field action "block"|"unblock" what to do

---@class zapi.reply.modify_blocked_contact
---@field value? boolean true when it was accepted, false when it was refused

--- Block or unblock a contact.
---
--- `POST /contacts/modify-blocked` · https://developer.z-api.io/contacts/block-contact
---@param params zapi.params.modify_blocked_contact
---@return zapi.reply.modify_blocked_contact|nil reply
---@return zapi.Error|nil err
function Client:modify_blocked_contact(params) end

---@class zapi.params.report_contact
---@field phone string number to report (phone)

---@class zapi.reply.report_contact
---@field success? boolean worked
---@field error? string error text, if any

--- Report a contact to WhatsApp.
---
--- `POST /contacts/{phone}/report` · https://developer.z-api.io/contacts/report-contact
--- - an invalid number gives status 400 with {"error":"Invalid phone"}
--- - no request body is documented
---@param params zapi.params.report_contact|string
---@return zapi.reply.report_contact|nil reply
---@return zapi.Error|nil err
function Client:report_contact(params) end

---@class zapi.params.list_groups
---@field page? integer page number to fetch (default 1)
---@field pageSize? integer groups per page (default 20)

---@class zapi.reply.list_groups
---@field archived? boolean|string chat is archived
---@field pinned? boolean|string chat is pinned
---@field phone? string group id (group)
---@field unread? string unread message count as text
---@field name? string chat name
---@field lastMessageTime? string time of last interaction, epoch milliseconds as text
---@field muteEndTime? string when notifications come back on; -1 means muted for good
---@field isMuted? "0"|"1" "0" or "1"
---@field isMarkedSpam? boolean|string chat is flagged as spam
---@field isGroup? boolean chat is a group
---@field messagesUnread? integer|string discontinued; use unread

--- List the groups of the connected account, page by page.
---
--- `GET /groups` · https://developer.z-api.io/group/get-groups
--- - messagesUnread is discontinued, read unread instead
---@param params? zapi.params.list_groups
---@return zapi.reply.list_groups[]|nil reply
---@return zapi.Error|nil err
function Client:list_groups(params) end

---@class zapi.params.create_group
---@field autoInvite? boolean privately invite the numbers that could not be added directly (default false)
---@field groupName string name of the new group
---@field phones string[] members to add; never the connected number itself (at least 1 items)

---@class zapi.reply.create_group
---@field phone? string id of the new group (group)
---@field phonesNotAdded? string[] those left out: @lid ids, and numbers that were only invited
---@field invitationLink? string link to join the group (url)

--- Create a group with its first members.
---
--- `POST /create-group` · https://developer.z-api.io/group/create-group
--- - needs at least one other contact
--- - must not list the number connected to the instance
--- - a picture cannot be set while creating; call update_group_photo afterwards
--- - with autoInvite true, numbers that could not be added get a private invite
--- - phone numbers only: an @lid is left out of the group and comes back in phonesNotAdded
--- - a number invited through autoInvite stays in phonesNotAdded until it accepts
---@param params zapi.params.create_group
---@return zapi.reply.create_group|nil reply
---@return zapi.Error|nil err
function Client:create_group(params) end

---@class zapi.params.update_group_name
---@field groupId string group id (group)
---@field groupName string new name

---@class zapi.reply.update_group_name
---@field value? boolean true when it was accepted, false when it was refused

--- Rename a group.
---
--- `POST /update-group-name` · https://developer.z-api.io/group/update-group-name
--- - group ids come in two shapes: <digits>-group (since Nov 2021) and the older <creator phone>-<timestamp>; both are accepted
---@param params zapi.params.update_group_name
---@return zapi.reply.update_group_name|nil reply
---@return zapi.Error|nil err
function Client:update_group_name(params) end

---@class zapi.params.update_group_photo
---@field groupId string group id (group)
---@field groupPhoto string|zapi.Media image URL or base64 image (media)

---@class zapi.reply.update_group_photo
---@field value? boolean true when it was accepted, false when it was refused

--- Change a group's picture.
---
--- `POST /update-group-photo` · https://developer.z-api.io/group/update-group-photo
--- - base64 works the same way as in send-image
---@param params zapi.params.update_group_photo
---@return zapi.reply.update_group_photo|nil reply
---@return zapi.Error|nil err
function Client:update_group_photo(params) end

---@class zapi.params.add_participant
---@field autoInvite? boolean privately invite the numbers that could not be added directly (default false)
---@field groupId? string group id; give this or communityId (group)
---@field communityId? string community id (digits, see list_communities); give this or groupId
---@field phones string[] numbers to add

---@class zapi.reply.add_participant
---@field value? boolean true when it was accepted, false when it was refused

--- Add members to a group or community.
---
--- `POST /add-participant` · https://developer.z-api.io/group/add-participant
--- - one of groupId or communityId, depending on which of the two is addressed (documented on two pages)
--- - with autoInvite true, numbers that could not be added get a private invite
--- - phone numbers only: an @lid is not added (said of groups)
---@param params zapi.params.add_participant
---@return zapi.reply.add_participant|nil reply
---@return zapi.Error|nil err
function Client:add_participant(params) end

---@class zapi.params.remove_participant
---@field groupId? string group id; give this or communityId (group)
---@field communityId? string community id (digits, see list_communities); give this or groupId
---@field phones string[] numbers to remove

---@class zapi.reply.remove_participant
---@field value? boolean true when it was accepted, false when it was refused

--- Remove members from a group or community.
---
--- `POST /remove-participant` · https://developer.z-api.io/group/remove-participant
--- - one of groupId or communityId, depending on which of the two is addressed (documented on two pages)
---@param params zapi.params.remove_participant
---@return zapi.reply.remove_participant|nil reply
---@return zapi.Error|nil err
function Client:remove_participant(params) end

---@class zapi.params.approve_participant
---@field groupId string group id (group)
---@field phones string[] numbers whose join request is accepted

---@class zapi.reply.approve_participant
---@field value? boolean true when it was accepted, false when it was refused

--- Accept pending join requests of a group.
---
--- `POST /approve-participant` · https://developer.z-api.io/group/approve-participant
--- - for groups that ask for admin approval before joining (requireAdminApproval)
---@param params zapi.params.approve_participant
---@return zapi.reply.approve_participant|nil reply
---@return zapi.Error|nil err
function Client:approve_participant(params) end

---@class zapi.params.reject_participant
---@field groupId string group id (group)
---@field phones string[] numbers whose join request is refused

---@class zapi.reply.reject_participant
---@field value? boolean true when it was accepted, false when it was refused

--- Refuse pending join requests of a group.
---
--- `POST /reject-participant` · https://developer.z-api.io/group/reject-participant
--- - for groups that ask for admin approval before joining (requireAdminApproval)
---@param params zapi.params.reject_participant
---@return zapi.reply.reject_participant|nil reply
---@return zapi.Error|nil err
function Client:reject_participant(params) end

---@class zapi.params.add_admin
---@field groupId? string group id; give this or communityId (group)
---@field communityId? string community id (digits, see list_communities); give this or groupId
---@field phones string[] members to promote

---@class zapi.reply.add_admin
---@field value? boolean true when it was accepted, false when it was refused

--- Promote members of a group or community to admin.
---
--- `POST /add-admin` · https://developer.z-api.io/group/add-admin
--- - one of groupId or communityId, depending on which of the two is addressed (documented on two pages)
---@param params zapi.params.add_admin
---@return zapi.reply.add_admin|nil reply
---@return zapi.Error|nil err
function Client:add_admin(params) end

---@class zapi.params.remove_admin
---@field groupId? string group id; give this or communityId (group)
---@field communityId? string community id (digits, see list_communities); give this or groupId
---@field phones string[] admins to demote

---@class zapi.reply.remove_admin
---@field value? boolean true when it was accepted, false when it was refused

--- Take admin rights away from members of a group or community.
---
--- `POST /remove-admin` · https://developer.z-api.io/group/remove-admin
--- - one of groupId or communityId, depending on which of the two is addressed (documented on two pages)
---@param params zapi.params.remove_admin
---@return zapi.reply.remove_admin|nil reply
---@return zapi.Error|nil err
function Client:remove_admin(params) end

---@class zapi.params.leave_group
---@field groupId string group id (group)

---@class zapi.reply.leave_group
---@field value? boolean true when it was accepted, false when it was refused

--- Leave a group.
---
--- `POST /leave-group` · https://developer.z-api.io/group/leave-group
--- - group ids come in two shapes: <digits>-group (since Nov 2021) and the older <creator phone>-<timestamp>; both are accepted
---@param params zapi.params.leave_group|string
---@return zapi.reply.leave_group|nil reply
---@return zapi.Error|nil err
function Client:leave_group(params) end

---@class zapi.params.get_group_metadata
---@field phone string group id (group)

---@class zapi.reply.get_group_metadata.participants
---@field phone? string member's number (phone)
---@field isAdmin? boolean|string member is an admin
---@field isSuperAdmin? boolean|string member created the group
---@field short? string member's short name
---@field name? string member's name

---@class zapi.reply.get_group_metadata
---@field phone? string group id (group)
---@field description? string group description
---@field owner? string number of the creator (phone)
---@field subject? string group name
---@field creation? integer creation time, epoch milliseconds
---@field invitationLink? string invite link, only when the connected account is an admin (url)
---@field invitationLinkError? "forbidden"|"not-authorized"|"too many requests" why invitationLink is null
---@field communityId? string id of the community the group belongs to
---@field adminOnlyMessage? boolean only admins may write
---@field adminOnlySettings? boolean only admins may edit the group
---@field requireAdminApproval? boolean joining needs an admin's approval
---@field isGroupAnnouncement? boolean is a community's announcement group
---@field participants? zapi.reply.get_group_metadata.participants[] group members
---@field subjectTime? integer epoch milliseconds; the invite-metadata page calls it the creation date
---@field subjectOwner? string number of the creator, going by the invite-metadata page (phone)

--- Full metadata of a group, members and invite link included.
---
--- `GET /group-metadata/{phone}` · https://developer.z-api.io/group/metadata-group
--- - invitationLink only comes back for admins; otherwise it is null and invitationLinkError says why
--- - for groups of the old id shape the reply may carry only phone, owner, subject, creation, participants, subjectTime, subjectOwner
--- - fetching the link makes this call slow; use get_light_group_metadata when it is not needed
---@param params zapi.params.get_group_metadata|string
---@return zapi.reply.get_group_metadata|nil reply
---@return zapi.Error|nil err
function Client:get_group_metadata(params) end

---@class zapi.params.get_light_group_metadata
---@field phone string group id (group)

---@class zapi.reply.get_light_group_metadata.participants
---@field phone? string member's number (phone)
---@field isAdmin? boolean|string member is an admin
---@field isSuperAdmin? boolean|string member created the group
---@field short? string member's short name
---@field name? string member's name

---@class zapi.reply.get_light_group_metadata
---@field phone? string group id (group)
---@field description? string group description
---@field owner? string number of the creator (phone)
---@field subject? string group name
---@field creation? integer creation time, epoch milliseconds
---@field invitationLink? string not delivered by this light variant (null) (url)
---@field invitationLinkError? string null in the light variant
---@field communityId? string id of the community the group belongs to
---@field adminOnlyMessage? boolean only admins may write
---@field adminOnlySettings? boolean only admins may edit the group
---@field requireAdminApproval? boolean joining needs an admin's approval
---@field isGroupAnnouncement? boolean is a community's announcement group
---@field participants? zapi.reply.get_light_group_metadata.participants[] group members
---@field subjectTime? integer epoch milliseconds; the invite-metadata page calls it the creation date
---@field subjectOwner? string number of the creator, going by the invite-metadata page (phone)

--- Metadata of a group without its invite link.
---
--- `GET /light-group-metadata/{phone}` · https://developer.z-api.io/group/light-metadata-group
--- - same as get_group_metadata without the invite link, hence faster; the link alone comes from get_group_invitation_link
---@param params zapi.params.get_light_group_metadata|string
---@return zapi.reply.get_light_group_metadata|nil reply
---@return zapi.Error|nil err
function Client:get_light_group_metadata(params) end

---@class zapi.params.get_group_invitation_metadata
---@field url string invite link of the group (percent-encode it) (url)

---@class zapi.reply.get_group_invitation_metadata.participants
---@field phone? string member's number (phone)
---@field isAdmin? boolean|string member is an admin
---@field isSuperAdmin? boolean|string member created the group

---@class zapi.reply.get_group_invitation_metadata
---@field phone? string group id (group)
---@field owner? string number of the creator (phone)
---@field subject? string group name
---@field description? string group description
---@field creation? integer creation time, epoch milliseconds
---@field invitationLink? string invite link (url)
---@field contactsCount? number members that are among the account's contacts
---@field participantsCount? number number of members
---@field participants? zapi.reply.get_group_invitation_metadata.participants[] group members
---@field subjectTime? integer epoch milliseconds
---@field subjectOwner? string number of the creator (phone)

--- Metadata of a group known only by its invite link.
---
--- `GET /group-invitation-metadata` · https://developer.z-api.io/group/group-invitation-metadata
---@param params zapi.params.get_group_invitation_metadata|string
---@return zapi.reply.get_group_invitation_metadata|nil reply
---@return zapi.Error|nil err
function Client:get_group_invitation_metadata(params) end

---@class zapi.params.update_group_settings
---@field phone string group id (group)
---@field adminOnlyMessage boolean only admins may write
---@field adminOnlySettings boolean only admins may edit the group
---@field requireAdminApproval boolean joining needs an admin's approval
---@field adminOnlyAddMember boolean only admins may add members

---@class zapi.reply.update_group_settings
---@field value? boolean true when it was accepted, false when it was refused

--- Change a group's permission settings.
---
--- `POST /update-group-settings` · https://developer.z-api.io/group/update-group-settings
--- - only admins can change these settings
--- - the group id goes in phone here, not groupId
---@param params zapi.params.update_group_settings
---@return zapi.reply.update_group_settings|nil reply
---@return zapi.Error|nil err
function Client:update_group_settings(params) end

---@class zapi.params.update_group_description
---@field groupId string group id (group)
---@field groupDescription string new description

---@class zapi.reply.update_group_description
---@field value? boolean true when it was accepted, false when it was refused

--- Change a group's description.
---
--- `POST /update-group-description` · https://developer.z-api.io/group/update-group-description
--- - only admins can change it
---@param params zapi.params.update_group_description
---@return zapi.reply.update_group_description|nil reply
---@return zapi.Error|nil err
function Client:update_group_description(params) end

---@class zapi.params.redefine_invitation_link
---@field id string group id (…-group or the older shape) or community id (digits)

---@class zapi.reply.redefine_invitation_link
---@field invitationLink? string the new invite link (url)

--- Revoke the invite link of a group or community and get a new one.
---
--- `POST /redefine-invitation-link/{id}` · https://developer.z-api.io/group/redefine-invitation-link
--- - no request body
--- - the path parameter is called groupId on the group page and communityId on the community page
---@param params zapi.params.redefine_invitation_link|string
---@return zapi.reply.redefine_invitation_link|nil reply
---@return zapi.Error|nil err
function Client:redefine_invitation_link(params) end

---@class zapi.params.get_group_invitation_link
---@field groupId string group id (group)

---@class zapi.reply.get_group_invitation_link
---@field phone? string group id (group)
---@field invitationLink? string current invite link (url)

--- Get a group's current invite link.
---
--- `GET /group-invitation-link/{groupId}` · https://developer.z-api.io/group/get-invitation-link
---@param params zapi.params.get_group_invitation_link|string
---@return zapi.reply.get_group_invitation_link|nil reply
---@return zapi.Error|nil err
function Client:get_group_invitation_link(params) end

---@class zapi.params.accept_invite_group
---@field url string invite link received (percent-encode it) (url)

---@class zapi.reply.accept_invite_group
---@field success? boolean true when it worked, false when it failed

--- Join a group through an invite link.
---
--- `GET /accept-invite-group` · https://developer.z-api.io/group/accept-group-invite
--- - a GET that changes state: joins the group
--- - the link comes in the on-message-received webhook
---@param params zapi.params.accept_invite_group|string
---@return zapi.reply.accept_invite_group|nil reply
---@return zapi.Error|nil err
function Client:accept_invite_group(params) end

---@class zapi.params.create_community
---@field name string community name
---@field description? string community description

---@class zapi.reply.create_community.subGroups
---@field name? string group name
---@field phone? string group id (group)
---@field isGroupAnnouncement? boolean true for the announcement group, false for an ordinary one

---@class zapi.reply.create_community
---@field id? string id of the new community
---@field subGroups? zapi.reply.create_community.subGroups[] linked groups

--- Create a community.
---
--- `POST /communities` · https://developer.z-api.io/communities/create-community
--- - an announcement group of the same name is created along with it and returned in subGroups
--- - up to 50 groups per community, up to 5000 people reached through the announcement group
--- - the phone's WhatsApp must already offer communities
---@param params zapi.params.create_community|string
---@return zapi.reply.create_community|nil reply
---@return zapi.Error|nil err
function Client:create_community(params) end

---@class zapi.params.list_communities
---@field page? integer page number to fetch
---@field pageSize? integer communities per page

---@class zapi.reply.list_communities
---@field name? string community name
---@field id? string community id

--- List the communities the account belongs to.
---
--- `GET /communities` · https://developer.z-api.io/communities/list-communities
---@param params? zapi.params.list_communities
---@return zapi.reply.list_communities[]|nil reply
---@return zapi.Error|nil err
function Client:list_communities(params) end

---@class zapi.params.link_community_groups
---@field communityId string community id
---@field groupsPhones string[] groups to link

---@class zapi.reply.link_community_groups
---@field success? boolean true when it worked, false when it failed

--- Link groups to a community.
---
--- `POST /communities/link` · https://developer.z-api.io/communities/link-groups
--- - a group can be in one community only; the others of the list are still linked and the refused one is reported in the reply
--- - members of a linked group join the announcement group
--- - up to 50 groups per community
---@param params zapi.params.link_community_groups
---@return zapi.reply.link_community_groups|nil reply
---@return zapi.Error|nil err
function Client:link_community_groups(params) end

---@class zapi.params.unlink_community_groups
---@field communityId string community id
---@field groupsPhones string[] groups to unlink

---@class zapi.reply.unlink_community_groups
---@field success? boolean true when it worked, false when it failed

--- Unlink groups from a community.
---
--- `POST /communities/unlink` · https://developer.z-api.io/communities/unlink-groups
--- - a community needs at least one linked group besides the announcement group, so the last one cannot be unlinked
--- - members of an unlinked group leave the announcement group
---@param params zapi.params.unlink_community_groups
---@return zapi.reply.unlink_community_groups|nil reply
---@return zapi.Error|nil err
function Client:unlink_community_groups(params) end

---@class zapi.params.get_community_metadata
---@field communityId string community id

---@class zapi.reply.get_community_metadata.subGroups
---@field name? string group name
---@field phone? string group id (group)
---@field isGroupAnnouncement? boolean true for the announcement group, false for an ordinary one

---@class zapi.reply.get_community_metadata
---@field name? string community name
---@field id? string community id
---@field description? string community description
---@field subGroups? zapi.reply.get_community_metadata.subGroups[] linked groups

--- Name, description and linked groups of a community.
---
--- `GET /communities-metadata/{communityId}` · https://developer.z-api.io/communities/community-metadata
--- - one way to find the announcement group's id (isGroupAnnouncement true)
---@param params zapi.params.get_community_metadata|string
---@return zapi.reply.get_community_metadata|nil reply
---@return zapi.Error|nil err
function Client:get_community_metadata(params) end

---@class zapi.params.update_community_settings
---@field communityId string community id
---@field whoCanAddNewGroups "admins"|"all" who may add groups

---@class zapi.reply.update_community_settings
---@field success? boolean true when it worked, false when it failed

--- Choose who may add groups to a community.
---
--- `POST /communities/settings` · https://developer.z-api.io/communities/community-settings
---@param params zapi.params.update_community_settings
---@return zapi.reply.update_community_settings|nil reply
---@return zapi.Error|nil err
function Client:update_community_settings(params) end

---@class zapi.params.deactivate_community
---@field communityId string community id

---@class zapi.reply.deactivate_community
---@field success? boolean true when it worked, false when it failed

--- Deactivate a community.
---
--- `DELETE /communities/{communityId}` · https://developer.z-api.io/communities/deactivate-community
--- - detaches every linked group; the groups themselves stay
---@param params zapi.params.deactivate_community|string
---@return zapi.reply.deactivate_community|nil reply
---@return zapi.Error|nil err
function Client:deactivate_community(params) end

---@class zapi.params.update_community_description
---@field communityId string community id
---@field communityDescription string new description

---@class zapi.reply.update_community_description
---@field value? boolean true when it was accepted, false when it was refused

--- Change a community's description.
---
--- `POST /update-community-description` · https://developer.z-api.io/communities/update-community-description
--- - only admins can change it
---@param params zapi.params.update_community_description
---@return zapi.reply.update_community_description|nil reply
---@return zapi.Error|nil err
function Client:update_community_description(params) end

---@class zapi.params.update_community_photo
---@field communityId string community id
---@field communityPhoto string|zapi.Media image URL or base64 image (media)

---@class zapi.reply.update_community_photo
---@field value? boolean true when it was accepted, false when it was refused

--- Change a community's picture.
---
--- `POST /update-community-photo` · https://developer.z-api.io/communities/update-community-photo
--- - base64 works the same way as in send-image
---@param params zapi.params.update_community_photo
---@return zapi.reply.update_community_photo|nil reply
---@return zapi.Error|nil err
function Client:update_community_photo(params) end

---@class zapi.params.create_newsletter
---@field name string channel name
---@field description? string channel description

---@class zapi.reply.create_newsletter
---@field id? string new channel id (newsletter)

--- Create a channel.
---
--- `POST /create-newsletter` · https://developer.z-api.io/newsletter/create-newsletter
--- - channel ids must carry the @newsletter suffix
--- - a picture cannot be set on creation; use update_newsletter_picture afterwards
---@param params zapi.params.create_newsletter|string
---@return zapi.reply.create_newsletter|nil reply
---@return zapi.Error|nil err
function Client:create_newsletter(params) end

---@class zapi.params.update_newsletter_picture
---@field id string channel id (newsletter)
---@field pictureUrl string|zapi.Media image URL or base64 (media)

---@class zapi.reply.update_newsletter_picture
---@field value? boolean true when it was accepted, false when it was refused

--- Change the picture of a channel.
---
--- `POST /update-newsletter-picture` · https://developer.z-api.io/newsletter/update-channel-picture
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.update_newsletter_picture
---@return zapi.reply.update_newsletter_picture|nil reply
---@return zapi.Error|nil err
function Client:update_newsletter_picture(params) end

---@class zapi.params.update_newsletter_name
---@field id string channel id (newsletter)
---@field name string new name

---@class zapi.reply.update_newsletter_name
---@field value? boolean true when it was accepted, false when it was refused

--- Rename a channel.
---
--- `POST /update-newsletter-name` · https://developer.z-api.io/newsletter/update-newsletter-name
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.update_newsletter_name
---@return zapi.reply.update_newsletter_name|nil reply
---@return zapi.Error|nil err
function Client:update_newsletter_name(params) end

---@class zapi.params.update_newsletter_description
---@field id string channel id (newsletter)
---@field description string new description

---@class zapi.reply.update_newsletter_description
---@field value? boolean true when it was accepted, false when it was refused

--- Change the description of a channel.
---
--- `POST /update-newsletter-description` · https://developer.z-api.io/newsletter/update-newsletter-description
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.update_newsletter_description
---@return zapi.reply.update_newsletter_description|nil reply
---@return zapi.Error|nil err
function Client:update_newsletter_description(params) end

---@class zapi.params.follow_newsletter
---@field id string channel id (newsletter)

---@class zapi.reply.follow_newsletter
---@field value? boolean true when it was accepted, false when it was refused

--- Follow a channel.
---
--- `PUT /follow-newsletter` · https://developer.z-api.io/newsletter/follow-newsletter
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.follow_newsletter|string
---@return zapi.reply.follow_newsletter|nil reply
---@return zapi.Error|nil err
function Client:follow_newsletter(params) end

---@class zapi.params.unfollow_newsletter
---@field id string channel id (newsletter)

---@class zapi.reply.unfollow_newsletter
---@field value? boolean true when it was accepted, false when it was refused

--- Stop following a channel.
---
--- `PUT /unfollow-newsletter` · https://developer.z-api.io/newsletter/unfollow-newsletter
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.unfollow_newsletter|string
---@return zapi.reply.unfollow_newsletter|nil reply
---@return zapi.Error|nil err
function Client:unfollow_newsletter(params) end

---@class zapi.params.mute_newsletter
---@field id string channel id (newsletter)

---@class zapi.reply.mute_newsletter
---@field value? boolean true when it was accepted, false when it was refused

--- Mute a channel.
---
--- `PUT /mute-newsletter` · https://developer.z-api.io/newsletter/mute-newsletter
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.mute_newsletter|string
---@return zapi.reply.mute_newsletter|nil reply
---@return zapi.Error|nil err
function Client:mute_newsletter(params) end

---@class zapi.params.unmute_newsletter
---@field id string channel id (newsletter)

---@class zapi.reply.unmute_newsletter
---@field value? boolean true when it was accepted, false when it was refused

--- Unmute a channel.
---
--- `PUT /unmute-newsletter` · https://developer.z-api.io/newsletter/unmute-newsletter
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.unmute_newsletter|string
---@return zapi.reply.unmute_newsletter|nil reply
---@return zapi.Error|nil err
function Client:unmute_newsletter(params) end

---@class zapi.params.delete_newsletter
---@field id string channel id (newsletter)

---@class zapi.reply.delete_newsletter
---@field value? boolean true when it was accepted, false when it was refused

--- Delete a channel.
---
--- `DELETE /delete-newsletter` · https://developer.z-api.io/newsletter/delete-newsletter
--- - channel ids must carry the @newsletter suffix
--- - DELETE with a JSON body
---@param params zapi.params.delete_newsletter|string
---@return zapi.reply.delete_newsletter|nil reply
---@return zapi.Error|nil err
function Client:delete_newsletter(params) end

---@class zapi.params.get_newsletter_metadata
---@field newsletterId string channel id (newsletter)

---@class zapi.reply.get_newsletter_metadata.viewMetadata
---@field mute? "ON"|"OFF" muted or not
---@field role? "OWNER"|"SUBSCRIBER" own role

---@class zapi.reply.get_newsletter_metadata
---@field id? string channel id (newsletter)
---@field creationTime? number|string creation, unix seconds
---@field state? "ACTIVE"|"NON_EXISTING" channel state
---@field name? string name
---@field description? string description
---@field subscribersCount? string followers, as text; may be missing
---@field inviteLink? string invite link (url)
---@field verification? "VERIFIED"|"UNVERIFIED" verified or not
---@field picture? string picture; may be null (url)
---@field preview? string small picture; may be null (url)
---@field viewMetadata? zapi.reply.get_newsletter_metadata.viewMetadata how the account sees the channel

--- Return the details of one channel.
---
--- `GET /newsletter/metadata/{newsletterId}` · https://developer.z-api.io/newsletter/newsletter-metadata
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.get_newsletter_metadata|string
---@return zapi.reply.get_newsletter_metadata|nil reply
---@return zapi.Error|nil err
function Client:get_newsletter_metadata(params) end

---@class zapi.reply.list_newsletters.viewMetadata
---@field mute? "ON"|"OFF" muted or not
---@field role? "OWNER"|"SUBSCRIBER" own role

---@class zapi.reply.list_newsletters
---@field id? string channel id (newsletter)
---@field creationTime? number|string creation, unix seconds
---@field state? "ACTIVE"|"NON_EXISTING" channel state
---@field name? string name
---@field description? string description
---@field subscribersCount? string followers, as text; may be missing
---@field inviteLink? string invite link (url)
---@field verification? "VERIFIED"|"UNVERIFIED" verified or not
---@field picture? string picture; may be null (url)
---@field preview? string small picture; may be null (url)
---@field viewMetadata? zapi.reply.list_newsletters.viewMetadata how the account sees the channel

--- List own and followed channels.
---
--- `GET /newsletter` · https://developer.z-api.io/newsletter/newsletter-list
--- - channel ids must carry the @newsletter suffix
---@return zapi.reply.list_newsletters[]|nil reply
---@return zapi.Error|nil err
function Client:list_newsletters() end

---@class zapi.params.search_newsletter.filters
---@field countryCodes? string[] two-letter country codes

---@class zapi.params.search_newsletter
---@field limit number how many channels
---@field filters zapi.params.search_newsletter.filters filters to apply
---@field view? "RECOMMENDED"|"TRENDING"|"POPULAR"|"NEW" kind of listing
---@field searchText? string text to look for

---@class zapi.reply.search_newsletter.viewMetadata
---@field mute? "ON"|"OFF" muted or not
---@field role? "OWNER"|"SUBSCRIBER" own role

---@class zapi.reply.search_newsletter
---@field id? string channel id (newsletter)
---@field creationTime? number|string creation, unix seconds
---@field state? "ACTIVE"|"NON_EXISTING" channel state
---@field name? string name
---@field description? string description
---@field subscribersCount? string followers, as text; may be missing
---@field inviteLink? string invite link (url)
---@field verification? "VERIFIED"|"UNVERIFIED" verified or not
---@field picture? string picture; may be null (url)
---@field preview? string small picture; may be null (url)
---@field viewMetadata? zapi.reply.search_newsletter.viewMetadata how the account sees the channel

--- Search public channels by filters.
---
--- `POST /search-newsletter` · https://developer.z-api.io/newsletter/search-newsletter
--- - channel ids must carry the @newsletter suffix
--- - no real paging: cursor is always null until WhatsApp adds it
---@param params zapi.params.search_newsletter
---@return zapi.reply.search_newsletter[]|table|nil reply
---@return zapi.Error|nil err
function Client:search_newsletter(params) end

---@class zapi.params.update_newsletter_settings
---@field newsletterId string channel id (newsletter)
---@field reactionCodes "basic"|"all" which reactions are allowed

---@class zapi.reply.update_newsletter_settings
---@field value? boolean true when it was accepted, false when it was refused

--- Change the reaction setting of a channel.
---
--- `POST /newsletter/settings/{newsletterId}` · https://developer.z-api.io/newsletter/update-newsletter-config
--- - channel ids must carry the @newsletter suffix
---@param params zapi.params.update_newsletter_settings
---@return zapi.reply.update_newsletter_settings|nil reply
---@return zapi.Error|nil err
function Client:update_newsletter_settings(params) end

---@class zapi.params.accept_newsletter_admin_invite
---@field newsletterId string channel the invitation belongs to (newsletter)

--- Accept an invitation to administer a channel.
---
--- `POST /newsletter/accept-admin-invite/{newsletterId}` · https://developer.z-api.io/newsletter/accept-newsletter-admin-invite
--- - channel ids must carry the @newsletter suffix
--- - invitations arrive through the received webhook
--- - no request body is documented
--- - the docs describe no reply body for this call
---@param params zapi.params.accept_newsletter_admin_invite|string
---@return table|nil reply
---@return zapi.Error|nil err
function Client:accept_newsletter_admin_invite(params) end

---@class zapi.params.remove_newsletter_admin
---@field newsletterId string channel id (newsletter)
---@field phone string administrator's number (phone)

--- Take a user off the administration of a channel.
---
--- `POST /newsletter/remove-admin/{newsletterId}` · https://developer.z-api.io/newsletter/remove-admin
--- - channel ids must carry the @newsletter suffix
--- - the docs describe no reply body for this call
---@param params zapi.params.remove_newsletter_admin
---@return table|nil reply
---@return zapi.Error|nil err
function Client:remove_newsletter_admin(params) end

---@class zapi.params.revoke_newsletter_admin_invite
---@field newsletterId string channel id (newsletter)
---@field phone string invited user's number (phone)

--- Withdraw an invitation to administer a channel.
---
--- `POST /newsletter/revoke-admin-invite/{newsletterId}` · https://developer.z-api.io/newsletter/revoke-admin-invite
--- - channel ids must carry the @newsletter suffix
--- - the docs describe no reply body for this call
---@param params zapi.params.revoke_newsletter_admin_invite
---@return table|nil reply
---@return zapi.Error|nil err
function Client:revoke_newsletter_admin_invite(params) end

---@class zapi.params.transfer_newsletter_ownership
---@field newsletterId string channel id (newsletter)
---@field phone string new owner's number (phone)
---@field quitAdmin? boolean also stop being an administrator

---@class zapi.reply.transfer_newsletter_ownership
---@field value? boolean|string worked or not
---@field message? string error text, if any; not in the newer page

--- Hand a channel over to one of its administrators.
---
--- `POST /newsletter/transfer-ownership/{newsletterId}` · https://developer.z-api.io/newsletter/transfer-ownership
--- - channel ids must carry the @newsletter suffix
--- - the new owner must already be an administrator
---@param params zapi.params.transfer_newsletter_ownership
---@return zapi.reply.transfer_newsletter_ownership|nil reply
---@return zapi.Error|nil err
function Client:transfer_newsletter_ownership(params) end

---@class zapi.params.create_broadcast
---@field name string name of the list
---@field phones string[] recipients, digits with country code and without +

---@class zapi.reply.create_broadcast
---@field broadcastId string id of the list, digits@broadcast
---@field name? string name of the list
---@field phones? string[] recipients

--- Create a broadcast list.
---
--- `POST /broadcast` · https://developer.z-api.io/en/broadcast/create-broadcast
--- - to send to a list put its id in phone of any send call
--- - WhatsApp does not let Business numbers create, use or join broadcast lists; the docs say that these calls work there all the same, to be tried out first
--- - WhatsApp caps broadcasts at 35 messages a month per number; Z-API goes on sending past it, which may bring restrictions
--- - recipients get the message as a private one and their answers stay private
---@param params zapi.params.create_broadcast
---@return zapi.reply.create_broadcast|nil reply
---@return zapi.Error|nil err
function Client:create_broadcast(params) end

---@class zapi.params.list_broadcasts
---@field page? integer page number, from 1
---@field pageSize? integer lists per page (default 20)

---@class zapi.reply.list_broadcasts
---@field broadcastId string id of the list, digits@broadcast
---@field name? string name of the list
---@field phones? string[] recipients

--- List the broadcast lists of the instance.
---
--- `GET /broadcast` · https://developer.z-api.io/en/broadcast/list-broadcast
--- - to send to a list put its id in phone of any send call
---@param params? zapi.params.list_broadcasts
---@return zapi.reply.list_broadcasts[]|nil reply
---@return zapi.Error|nil err
function Client:list_broadcasts(params) end

---@class zapi.params.update_broadcast
---@field broadcastId string id of the list, digits@broadcast
---@field name? string new name of the list
---@field phones string[] all recipients of the list from now on

---@class zapi.reply.update_broadcast
---@field broadcastId string id of the list, digits@broadcast
---@field name? string name of the list
---@field phones? string[] recipients

--- Rename a broadcast list or replace its recipients.
---
--- `PUT /broadcast/{broadcastId}` · https://developer.z-api.io/en/broadcast/update-broadcast
--- - phones replaces the whole list: to add or drop one number send all the others as well
--- - WhatsApp does not let Business numbers create, use or join broadcast lists; the docs say that these calls work there all the same, to be tried out first
---@param params zapi.params.update_broadcast
---@return zapi.reply.update_broadcast|nil reply
---@return zapi.Error|nil err
function Client:update_broadcast(params) end

---@class zapi.params.delete_broadcast
---@field broadcastId string id of the list, digits@broadcast

---@class zapi.reply.delete_broadcast
---@field success? boolean true when it worked, false when it failed

--- Delete a broadcast list.
---
--- `DELETE /broadcast/{broadcastId}` · https://developer.z-api.io/en/broadcast/delete-broadcast
--- - cannot be undone
--- - WhatsApp does not let Business numbers create, use or join broadcast lists; the docs say that these calls work there all the same, to be tried out first
---@param params zapi.params.delete_broadcast|string
---@return zapi.reply.delete_broadcast|nil reply
---@return zapi.Error|nil err
function Client:delete_broadcast(params) end

---@class zapi.params.save_product
---@field currency string currency code, e.g. BRL
---@field description string product description
---@field images string[]|string image URLs; the older table has a single URL as text
---@field isHidden? boolean hide the product in the catalogue
---@field name string product name
---@field price number price
---@field salePrice? number promotional price
---@field retailerId? string the seller's own product id
---@field url? string link of the product (url)

---@class zapi.reply.save_product
---@field id? string product id

--- Create or update a product of the own catalogue.
---
--- `POST /products` · https://developer.z-api.io/business/edit-product
--- - one call creates and updates; no product id is sent, so retailerId is the only field that could tell them apart (the newer page just calls it the product id)
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params zapi.params.save_product
---@return zapi.reply.save_product|nil reply
---@return zapi.Error|nil err
function Client:save_product(params) end

---@class zapi.params.list_products
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_products.products
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links

---@class zapi.reply.list_products
---@field cartEnabled? boolean cart is on
---@field products? zapi.reply.list_products.products[] products

--- Products of the own catalogue.
---
--- `GET /catalogs` · https://developer.z-api.io/business/get-products
--- - a long nextCursor in the query can end in 414 URI Too Large; the POST variant takes it in the body
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params? zapi.params.list_products
---@return zapi.reply.list_products|nil reply
---@return zapi.Error|nil err
function Client:list_products(params) end

---@class zapi.params.list_products_v2
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_products_v2.products
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links

---@class zapi.reply.list_products_v2
---@field cartEnabled? boolean cart is on
---@field products? zapi.reply.list_products_v2.products[] products

--- Products of the own catalogue, cursor in the body.
---
--- `POST /catalogs` · https://developer.z-api.io/business/get-products-v2
--- - same as list_products with the cursor in the body, against 414 URI Too Large
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params? zapi.params.list_products_v2
---@return zapi.reply.list_products_v2|nil reply
---@return zapi.Error|nil err
function Client:list_products_v2(params) end

---@class zapi.params.list_phone_products
---@field phone string number that owns the catalogue (phone)
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_phone_products.products
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links

---@class zapi.reply.list_phone_products
---@field cartEnabled? boolean cart is on
---@field nextCursor? string cursor for the next page
---@field products? zapi.reply.list_phone_products.products[] products

--- Products of any business number's catalogue.
---
--- `GET /catalogs/{phone}` · https://developer.z-api.io/business/get-products-phone
--- - a long nextCursor in the query can end in 414 URI Too Large; the POST variant takes it in the body
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params zapi.params.list_phone_products|string
---@return zapi.reply.list_phone_products|nil reply
---@return zapi.Error|nil err
function Client:list_phone_products(params) end

---@class zapi.params.list_phone_products_v2
---@field phone string number that owns the catalogue (phone)
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_phone_products_v2.products
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links

---@class zapi.reply.list_phone_products_v2
---@field cartEnabled? boolean cart is on
---@field nextCursor? string cursor for the next page
---@field products? zapi.reply.list_phone_products_v2.products[] products

--- Products of any business number's catalogue, cursor in the body.
---
--- `POST /catalogs/{phone}` · https://developer.z-api.io/business/get-products-phone-v2
--- - same as list_phone_products with the cursor in the body, against 414 URI Too Large
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params zapi.params.list_phone_products_v2|string
---@return zapi.reply.list_phone_products_v2|nil reply
---@return zapi.Error|nil err
function Client:list_phone_products_v2(params) end

---@class zapi.params.get_product
---@field id string product id

---@class zapi.reply.get_product.product
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links

---@class zapi.reply.get_product
---@field cartEnabled? boolean cart is on
---@field catalogId? string catalogue id
---@field availability? string stock state, e.g. in stock
---@field id? string product id
---@field retailerId? string|boolean the seller's own product id
---@field description? string product description
---@field price? string price as text
---@field salePrice? string promotional price as text
---@field currency? string currency code
---@field name? string product name
---@field quantity? string|boolean quantity in stock
---@field images? string[]|string image links
---@field product? zapi.reply.get_product.product the product, nested as in the older sample

--- One product by its id.
---
--- `GET /products/{id}` · https://developer.z-api.io/business/get-product-id
--- - reply prices are strings and look scaled (the docs' sample product sent with price 20 is shown as "20000"); the unit is not explained
---@param params zapi.params.get_product|string
---@return zapi.reply.get_product|nil reply
---@return zapi.Error|nil err
function Client:get_product(params) end

---@class zapi.params.delete_product
---@field id string product id

---@class zapi.reply.delete_product
---@field success? boolean true when it worked, false when it failed

--- Delete a product.
---
--- `DELETE /products/{id}` · https://developer.z-api.io/business/delete-product
---@param params zapi.params.delete_product|string
---@return zapi.reply.delete_product|nil reply
---@return zapi.Error|nil err
function Client:delete_product(params) end

---@class zapi.reply.list_tags
---@field id? string tag id
---@field name? string tag name
---@field color? string|integer colour index, see get_tag_colors

--- List the account's tags (labels).
---
--- `GET /tags` · https://developer.z-api.io/business/tags
--- - only for multi-device connections
---@return zapi.reply.list_tags[]|nil reply
---@return zapi.Error|nil err
function Client:list_tags() end

--- Colours available for tags.
---
--- `GET /business/tags/colors` · https://developer.z-api.io/business/get-tags-colors
--- - colours differ between Android and iPhone
---@return table<string, string>|nil reply
---@return zapi.Error|nil err
function Client:get_tag_colors() end

---@class zapi.params.create_tag
---@field name string tag name
---@field color? number colour index from get_tag_colors

---@class zapi.reply.create_tag
---@field id? string id of the new tag

--- Create a tag.
---
--- `POST /business/create-tag` · https://developer.z-api.io/business/create-tag
---@param params zapi.params.create_tag|string
---@return zapi.reply.create_tag|nil reply
---@return zapi.Error|nil err
function Client:create_tag(params) end

---@class zapi.params.edit_tag
---@field id string tag id
---@field name string new tag name
---@field color? number new colour index from get_tag_colors

---@class zapi.reply.edit_tag
---@field success? boolean true when it worked, false when it failed

--- Rename or recolour a tag.
---
--- `POST /business/edit-tag/{id}` · https://developer.z-api.io/business/edit-tag
--- - name is required even when only the colour changes
---@param params zapi.params.edit_tag
---@return zapi.reply.edit_tag|nil reply
---@return zapi.Error|nil err
function Client:edit_tag(params) end

---@class zapi.params.delete_tag
---@field id string tag id

---@class zapi.reply.delete_tag
---@field success? boolean true when it worked, false when it failed

--- Delete a tag.
---
--- `DELETE /business/tag/{id}` · https://developer.z-api.io/business/delete-tag
---@param params zapi.params.delete_tag|string
---@return zapi.reply.delete_tag|nil reply
---@return zapi.Error|nil err
function Client:delete_tag(params) end

---@class zapi.params.add_chat_tag
---@field phone string chat (chat)
---@field tag string tag id

---@class zapi.reply.add_chat_tag
---@field value? boolean true when it was accepted, false when it was refused

--- Put a tag on a chat.
---
--- `PUT /chats/{phone}/tags/{tag}/add` · https://developer.z-api.io/business/tags-add
--- - no request body
--- - only for multi-device connections
---@param params zapi.params.add_chat_tag
---@return zapi.reply.add_chat_tag|nil reply
---@return zapi.Error|nil err
function Client:add_chat_tag(params) end

---@class zapi.params.remove_chat_tag
---@field phone string chat (chat)
---@field tag string tag id

---@class zapi.reply.remove_chat_tag
---@field value? boolean true when it was accepted, false when it was refused

--- Take a tag off a chat.
---
--- `PUT /chats/{phone}/tags/{tag}/remove` · https://developer.z-api.io/business/tags-remove
--- - no request body
--- - only for multi-device connections
---@param params zapi.params.remove_chat_tag
---@return zapi.reply.remove_chat_tag|nil reply
---@return zapi.Error|nil err
function Client:remove_chat_tag(params) end

---@class zapi.params.set_chat_notes
---@field phone string chat (chat)
---@field notes string text of the note

---@class zapi.reply.set_chat_notes
---@field success? boolean true when it worked, false when it failed

--- Attach a note to a chat.
---
--- `POST /chats/{phone}/notes` · https://developer.z-api.io/business/save-chats-notes
--- - only for multi-device connections
---@param params zapi.params.set_chat_notes
---@return zapi.reply.set_chat_notes|nil reply
---@return zapi.Error|nil err
function Client:set_chat_notes(params) end

---@class zapi.params.set_catalog_config
---@field cartEnabled boolean|string turn the cart on or off

---@class zapi.reply.set_catalog_config
---@field success? boolean true when it worked, false when it failed

--- Turn the catalogue's cart on or off.
---
--- `POST /catalogs/config` · https://developer.z-api.io/business/save-catalog-config
---@param params zapi.params.set_catalog_config|boolean
---@return zapi.reply.set_catalog_config|nil reply
---@return zapi.Error|nil err
function Client:set_catalog_config(params) end

---@class zapi.params.create_collection
---@field name string collection name
---@field productIds string[] products of the collection

---@class zapi.reply.create_collection
---@field collectionId? string collection id

--- Create a collection in the catalogue.
---
--- `POST /catalogs/collection` · https://developer.z-api.io/business/create-collection
---@param params zapi.params.create_collection
---@return zapi.reply.create_collection|nil reply
---@return zapi.Error|nil err
function Client:create_collection(params) end

---@class zapi.params.list_collections
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_collections.collections
---@field id? string collection id
---@field name? string collection name
---@field status? "PENDING"|"APPROVED" review state

---@class zapi.reply.list_collections
---@field collections? zapi.reply.list_collections.collections[] collections
---@field nextCursor? string cursor for the next page; null on the last

--- List the catalogue's collections.
---
--- `GET /catalogs/collection` · https://developer.z-api.io/business/list-collections
--- - status may take values beyond the two listed; treat the enum as open
---@param params? zapi.params.list_collections
---@return zapi.reply.list_collections|nil reply
---@return zapi.Error|nil err
function Client:list_collections(params) end

---@class zapi.params.delete_collection
---@field id string collection id

---@class zapi.reply.delete_collection
---@field success? boolean true when it worked, false when it failed

--- Delete a collection.
---
--- `DELETE /catalogs/collection/{id}` · https://developer.z-api.io/business/delete-collection
---@param params zapi.params.delete_collection|string
---@return zapi.reply.delete_collection|nil reply
---@return zapi.Error|nil err
function Client:delete_collection(params) end

---@class zapi.params.edit_collection
---@field id string collection id
---@field name string new collection name

---@class zapi.reply.edit_collection
---@field success? boolean true when the operation worked, false otherwise
---@field collectionId? string collection id

--- Rename a collection.
---
--- `POST /catalogs/collection-edit/{id}` · https://developer.z-api.io/business/edit-collection
--- - the reply carries a collectionId; use it from then on
---@param params zapi.params.edit_collection
---@return zapi.reply.edit_collection|nil reply
---@return zapi.Error|nil err
function Client:edit_collection(params) end

---@class zapi.params.list_collection_products
---@field phone string number that owns the catalogue (phone)
---@field collectionId string collection id
---@field nextCursor? string cursor of the next page

---@class zapi.reply.list_collection_products.products
---@field id? string product id
---@field name? string product name
---@field description? string product description
---@field url? string product link (url)
---@field price? string|number price
---@field currency? string currency code
---@field isHidden? boolean hidden in the catalogue
---@field availability? string stock state, e.g. in stock
---@field retailerId? string the seller's own product id
---@field images? (string|table)[]|string image links, or objects with url
---@field quantity? string quantity in stock as text

---@class zapi.reply.list_collection_products
---@field nextCursor? string cursor for the next page; null on the last
---@field products? zapi.reply.list_collection_products.products[] products

--- Products of one collection.
---
--- `GET /catalogs/collection-products/{phone}` · https://developer.z-api.io/business/list-collection-products
--- - collectionId changes whenever products are added or removed; pass the latest one
--- - although the path takes any number, the text speaks of the own catalogue
---@param params zapi.params.list_collection_products
---@return zapi.reply.list_collection_products|any[]|nil reply
---@return zapi.Error|nil err
function Client:list_collection_products(params) end

---@class zapi.params.add_collection_products
---@field collectionId string current collection id
---@field productIds string[] products to add

---@class zapi.reply.add_collection_products
---@field success? boolean true when the operation worked, false otherwise
---@field collectionId? string the collection's new id

--- Add products to a collection.
---
--- `POST /catalogs/collection/add-product` · https://developer.z-api.io/business/add-product-to-collection
--- - adding or removing products makes WhatsApp change the collection id: continue with the collectionId returned
---@param params zapi.params.add_collection_products
---@return zapi.reply.add_collection_products|nil reply
---@return zapi.Error|nil err
function Client:add_collection_products(params) end

---@class zapi.params.remove_collection_products
---@field collectionId string current collection id
---@field productIds string[] products to remove

---@class zapi.reply.remove_collection_products
---@field success? boolean true when the operation worked, false otherwise
---@field collectionId? string the collection's new id

--- Remove products from a collection.
---
--- `POST /catalogs/collection/remove-product` · https://developer.z-api.io/business/remove-product-from-collection
--- - adding or removing products makes WhatsApp change the collection id: continue with the collectionId returned
---@param params zapi.params.remove_collection_products
---@return zapi.reply.remove_collection_products|nil reply
---@return zapi.Error|nil err
function Client:remove_collection_products(params) end

---@class zapi.params.set_company_description
---@field value string company description; empty removes it

---@class zapi.reply.set_company_description
---@field success? boolean true when it worked, false when it failed

--- Set the company's description.
---
--- `POST /business/company-description` · https://developer.z-api.io/business/set-description
--- - an empty value removes the description
--- - answers 201
---@param params zapi.params.set_company_description|string
---@return zapi.reply.set_company_description|nil reply
---@return zapi.Error|nil err
function Client:set_company_description(params) end

---@class zapi.params.set_company_email
---@field value string contact e-mail; empty removes it (email)

---@class zapi.reply.set_company_email
---@field success? boolean true when it worked, false when it failed

--- Set the company's contact e-mail.
---
--- `POST /business/company-email` · https://developer.z-api.io/business/set-email
--- - an empty value removes the e-mail (so the empty string must pass the e-mail check)
--- - text that is no e-mail address is refused
--- - answers 201
---@param params zapi.params.set_company_email|string
---@return zapi.reply.set_company_email|nil reply
---@return zapi.Error|nil err
function Client:set_company_email(params) end

---@class zapi.params.set_company_address
---@field value string company address; empty removes it

---@class zapi.reply.set_company_address
---@field success? boolean true when it worked, false when it failed

--- Set the company's address.
---
--- `POST /business/company-address` · https://developer.z-api.io/business/set-address
--- - an empty value removes the address
--- - answers 201
---@param params zapi.params.set_company_address|string
---@return zapi.reply.set_company_address|nil reply
---@return zapi.Error|nil err
function Client:set_company_address(params) end

---@class zapi.params.set_company_websites
---@field websites string[] company websites; empty list removes them (at most 2 items)

---@class zapi.reply.set_company_websites
---@field success? boolean true when it worked, false when it failed

--- Set the company's websites.
---
--- `POST /business/company-websites` · https://developer.z-api.io/business/set-websites
--- - at most 2 websites, more is an error
--- - each must be a valid URL
--- - an empty list removes them
--- - answers 201
---@param params zapi.params.set_company_websites
---@return zapi.reply.set_company_websites|nil reply
---@return zapi.Error|nil err
function Client:set_company_websites(params) end

---@class zapi.params.set_business_hours.days
---@field dayOfWeek "SUNDAY"|"MONDAY"|"TUESDAY"|"WEDNESDAY"|"THURSDAY"|"FRIDAY"|"SATURDAY" day of the week
---@field openTime? string opening time, HH:MM
---@field closeTime? string closing time, HH:MM

---@class zapi.params.set_business_hours
---@field timezone string IANA time zone, e.g. America/Sao_Paulo
---@field days? zapi.params.set_business_hours.days[] opening periods; empty list means closed every day
---@field mode? "specificHours"|"open24h"|"appointmentOnly" kind of schedule

---@class zapi.reply.set_business_hours
---@field success? boolean true when it worked, false when it failed

--- Set the company's opening hours.
---
--- `POST /business/hours` · https://developer.z-api.io/business/set-business-hours
--- - the same day may appear more than once, one entry per opening period
--- - an empty days list marks every day closed
--- - times are HH:MM
--- - answers 201
---@param params zapi.params.set_business_hours|string
---@return zapi.reply.set_business_hours|nil reply
---@return zapi.Error|nil err
function Client:set_business_hours(params) end

---@class zapi.params.list_available_categories
---@field query? string search text

---@class zapi.reply.list_available_categories
---@field displayName? string name to show
---@field id? string category id
---@field label? string category label, missing for some

--- Categories a company can be given.
---
--- `GET /business/available-categories` · https://developer.z-api.io/business/available-categories
---@param params? zapi.params.list_available_categories
---@return zapi.reply.list_available_categories[]|nil reply
---@return zapi.Error|nil err
function Client:list_available_categories(params) end

---@class zapi.params.set_business_categories
---@field categories string[] categories, as returned by list_available_categories (1 to 3 items)

---@class zapi.reply.set_business_categories
---@field success? boolean true when it worked, false when it failed

--- Assign categories to the company.
---
--- `POST /business/categories` · https://developer.z-api.io/business/set-categories
--- - at least 1 and at most 3 categories
--- - each value must equal an id or label from list_available_categories (label is not always present)
--- - answers 201
---@param params zapi.params.set_business_categories
---@return zapi.reply.set_business_categories|nil reply
---@return zapi.Error|nil err
function Client:set_business_categories(params) end

---@class zapi.params.get_business_profile
---@field phone string number of the business account, digits only (phone)

---@class zapi.reply.get_business_profile.categories
---@field displayName? string category name
---@field label? string category label
---@field id? string category id

---@class zapi.reply.get_business_profile.businessHours.days
---@field dayOfWeek? "SUNDAY"|"MONDAY"|"TUESDAY"|"WEDNESDAY"|"THURSDAY"|"FRIDAY"|"SATURDAY" day of the week
---@field openTime? string opening time, HH:MM
---@field closeTime? string closing time, HH:MM

---@class zapi.reply.get_business_profile.businessHours
---@field timezone? string IANA time zone
---@field days? zapi.reply.get_business_profile.businessHours.days[] opening periods
---@field mode? "specificHours"|"open24h"|"appointmentOnly" kind of schedule

---@class zapi.reply.get_business_profile
---@field description? string company description
---@field address? string company address
---@field email? string company e-mail (email)
---@field websites? string[] company websites
---@field categories? zapi.reply.get_business_profile.categories[] company categories
---@field businessHours? zapi.reply.get_business_profile.businessHours opening hours
---@field hasCoverPhoto? boolean has a cover picture

--- Public profile of a business account.
---
--- `GET /business/profile` · https://developer.z-api.io/business/profile
--- - the number asked about must be a business account
---@param params zapi.params.get_business_profile|string
---@return zapi.reply.get_business_profile|nil reply
---@return zapi.Error|nil err
function Client:get_business_profile(params) end

---@class zapi.params.list_privacy_disallowed_contacts
---@field type "lastSeen"|"photo"|"description"|"groupAdd" which setting's blacklist

---@class zapi.reply.list_privacy_disallowed_contacts
---@field disallowedContacts? string[] blacklisted numbers

--- List the numbers on the blacklist of one privacy setting.
---
--- `GET /privacy/disallowed-contacts` · https://developer.z-api.io/privacy/get-disallowed-contacts
--- - each setting has its own blacklist
---@param params zapi.params.list_privacy_disallowed_contacts|"lastSeen"|"photo"|"description"|"groupAdd"
---@return zapi.reply.list_privacy_disallowed_contacts|nil reply
---@return zapi.Error|nil err
function Client:list_privacy_disallowed_contacts(params) end

---@class zapi.params.set_privacy_last_seen.contactsBlacklist
---@field action "add"|"remove" put on or take off the blacklist
---@field phone string contact number (phone)

---@class zapi.params.set_privacy_last_seen
---@field visualizationType "ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST" who may see it
---@field contactsBlacklist? zapi.params.set_privacy_last_seen.contactsBlacklist[] changes to the blacklist; send when visualizationType is CONTACT_BLACKLIST

---@class zapi.reply.set_privacy_last_seen
---@field success? boolean true when it worked, false when it failed

--- Choose who may see the last-seen time.
---
--- `POST /privacy/last-seen` · https://developer.z-api.io/privacy/set-last-seen
--- - each setting has its own blacklist
--- - send only changes to the blacklist, not its whole content
--- - contactsBlacklist has to be sent when the scope is CONTACT_BLACKLIST
---@param params zapi.params.set_privacy_last_seen|"ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST"
---@return zapi.reply.set_privacy_last_seen|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_last_seen(params) end

---@class zapi.params.set_privacy_photo.contactsBlacklist
---@field action "add"|"remove" put on or take off the blacklist
---@field phone string contact number (phone)

---@class zapi.params.set_privacy_photo
---@field visualizationType "ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST" who may see it
---@field contactsBlacklist? zapi.params.set_privacy_photo.contactsBlacklist[] changes to the blacklist; send when visualizationType is CONTACT_BLACKLIST

---@class zapi.reply.set_privacy_photo
---@field success? boolean true when it worked, false when it failed

--- Choose who may see the profile picture.
---
--- `POST /privacy/photo-visualization` · https://developer.z-api.io/privacy/set-photo-visualization
--- - each setting has its own blacklist
--- - send only changes to the blacklist, not its whole content
--- - contactsBlacklist has to be sent when the scope is CONTACT_BLACKLIST
---@param params zapi.params.set_privacy_photo|"ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST"
---@return zapi.reply.set_privacy_photo|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_photo(params) end

---@class zapi.params.set_privacy_description.contactsBlacklist
---@field action "add"|"remove" put on or take off the blacklist
---@field phone string contact number (phone)

---@class zapi.params.set_privacy_description
---@field visualizationType "ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST" who may see it
---@field contactsBlacklist? zapi.params.set_privacy_description.contactsBlacklist[] changes to the blacklist; send when visualizationType is CONTACT_BLACKLIST

---@class zapi.reply.set_privacy_description
---@field success? boolean true when it worked, false when it failed

--- Choose who may see the profile about text.
---
--- `POST /privacy/description` · https://developer.z-api.io/privacy/set-privacy-description
--- - each setting has its own blacklist
--- - send only changes to the blacklist, not its whole content
--- - contactsBlacklist has to be sent when the scope is CONTACT_BLACKLIST
---@param params zapi.params.set_privacy_description|"ALL"|"NONE"|"CONTACTS"|"CONTACT_BLACKLIST"
---@return zapi.reply.set_privacy_description|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_description(params) end

---@class zapi.params.set_privacy_group_add.contactsBlacklist
---@field action "add"|"remove" put on or take off the blacklist
---@field phone string contact number (phone)

---@class zapi.params.set_privacy_group_add
---@field type "ALL"|"CONTACTS"|"CONTACT_BLACKLIST" who may add
---@field contactsBlacklist? zapi.params.set_privacy_group_add.contactsBlacklist[] changes to the blacklist; send when type is CONTACT_BLACKLIST

---@class zapi.reply.set_privacy_group_add
---@field success? boolean true when it worked, false when it failed

--- Choose who may add the account to groups.
---
--- `POST /privacy/group-add` · https://developer.z-api.io/privacy/set-group-add
--- - each setting has its own blacklist
--- - send only changes to the blacklist, not its whole content
--- - contactsBlacklist has to be sent when the scope is CONTACT_BLACKLIST
--- - NONE is not among the accepted scopes, and the key is type, not visualizationType
---@param params zapi.params.set_privacy_group_add|"ALL"|"CONTACTS"|"CONTACT_BLACKLIST"
---@return zapi.reply.set_privacy_group_add|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_group_add(params) end

---@class zapi.params.set_privacy_online
---@field visualizationType "ALL"|"SAME_LAST_SEEN" who may see it; SAME_LAST_SEEN follows the last-seen setting

---@class zapi.reply.set_privacy_online
---@field success? boolean true when it worked, false when it failed

--- Choose who may see when the account is online.
---
--- `POST /privacy/online` · https://developer.z-api.io/privacy/set-privacy-online
---@param params zapi.params.set_privacy_online|"ALL"|"SAME_LAST_SEEN"
---@return zapi.reply.set_privacy_online|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_online(params) end

---@class zapi.params.set_privacy_read_receipts
---@field value "enable"|"disable" turn on or off

---@class zapi.reply.set_privacy_read_receipts
---@field success? boolean true when it worked, false when it failed

--- Turn read receipts on or off.
---
--- `POST /privacy/read-receipts` · https://developer.z-api.io/privacy/set-read-receipts
--- - the value goes in the query string, not in a body
--- - does not apply to groups
--- - with receipts off, reads of own messages are not visible either
---@param params zapi.params.set_privacy_read_receipts|"enable"|"disable"
---@return zapi.reply.set_privacy_read_receipts|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_read_receipts(params) end

---@class zapi.params.set_privacy_messages_duration
---@field value "days90"|"days7"|"hours24"|"disable" lifetime of messages

---@class zapi.reply.set_privacy_messages_duration
---@field success? boolean true when it worked, false when it failed

--- Set the default lifetime of messages in new one-to-one chats.
---
--- `POST /privacy/messages-duration` · https://developer.z-api.io/privacy/set-messages-duration
--- - the value goes in the query string, not in a body
--- - existing chats are not affected
---@param params zapi.params.set_privacy_messages_duration|"days90"|"days7"|"hours24"|"disable"
---@return zapi.reply.set_privacy_messages_duration|nil reply
---@return zapi.Error|nil err
function Client:set_privacy_messages_duration(params) end

---@class zapi.params.send_call
---@field phone string recipient's phone, digits only with country code (phone)
---@field callDuration? number seconds the call lasts (5 by default) (at most 15)
---@field callAudioUrl? string address of an audio file (bit rate 16k) played in the call (url)

---@class zapi.reply.send_call
---@field zaapId string id of the queued message inside Z-API
---@field messageId string WhatsApp id of the message (message_id)
---@field id string same value as messageId, kept for Zapier (message_id)

--- Ring a WhatsApp number for a few seconds.
---
--- `POST /send-call` · https://developer.z-api.io/calls/send-call
--- - callAudioUrl works only on accounts with the calling feature enabled
--- - the message queue pauses while the call lasts
--- - the number must have WhatsApp but need not be a contact
--- - whether it was answered or rejected is told by the receive webhook
--- - not available for channels (@newsletter)
---@param params zapi.params.send_call|string
---@return zapi.reply.send_call|nil reply
---@return zapi.Error|nil err
function Client:send_call(params) end

---@class zapi.reply.get_call_token
---@field token string short-lived token for the call SDK

--- Get a one-time token for the Z-API call SDK.
---
--- `GET /call-token` · https://developer.z-api.io/calls/call-token
--- - valid for a single connection; ask again after the application restarts
--- - call it from a back end, never from a browser
--- - meant for the npm package @z-api/call
--- - the SDK makes live and video calls, up to 3 at a time
---@return zapi.reply.get_call_token|nil reply
---@return zapi.Error|nil err
function Client:get_call_token() end

---@class zapi.reply.create_sip_token
---@field host string SIP server
---@field user string SIP user
---@field token string SIP token in clear
---@field active boolean whether SIP is active

--- Create the SIP credentials of the instance, replacing any earlier ones.
---
--- `POST /sip-token` · https://developer.z-api.io/calls/sip-token
--- - no request body
--- - an earlier active token is replaced
--- - calls must be enabled and contracted for the account, else the request may be denied
--- - call it from a back end, never from a browser
--- - the panel shows the token once only
--- - the SIP user equals the instance id
---@return zapi.reply.create_sip_token|nil reply
---@return zapi.Error|nil err
function Client:create_sip_token() end

---@class zapi.reply.get_sip_info
---@field host string SIP server
---@field user string SIP user
---@field token? string SIP token, masked; absent when none was made yet
---@field active boolean whether SIP is active

--- Read the SIP settings of the instance.
---
--- `GET /sip-info` · https://developer.z-api.io/calls/sip-info
--- - the token comes masked, and not at all when none was made
--- - calls must be enabled and contracted for the account
--- - call it from a back end, never from a browser
---@return zapi.reply.get_sip_info|nil reply
---@return zapi.Error|nil err
function Client:get_sip_info() end

---@class zapi.params.list_queue
---@field pageSize? integer messages per page (at most 30, default 20)
---@field pagingState? string cursor from the previous page; absent = first page

---@class zapi.reply.list_queue.messages
---@field _id? string id in Z-API
---@field DelayMessage? integer delay between sends; -1 in the sample
---@field Message? string text
---@field InstanceId? string instance id
---@field Phone? string recipient number or group (chat)
---@field ZaapId? string id in Z-API
---@field DelayTyping? integer typing indicator time
---@field MessageId? string message id (message_id)
---@field Created? integer unix ms
---@field CreatedAt? string creation date (datetime)
---@field Beta? boolean beta in use
---@field IsTrial? boolean trial instance

---@class zapi.reply.list_queue
---@field messages? zapi.reply.list_queue.messages[] queued messages
---@field pagingState? string cursor for the next page
---@field hasMore? boolean false: no further pages

--- Page through the messages waiting to be sent, with a cursor.
---
--- `POST /queue` · https://developer.z-api.io/queue/post-queue
--- - page size: default 20, at most 30
--- - send {} for the first page
--- - up to 1,000 messages are queued for a disconnected phone before new ones are rejected
--- - queued messages go out 1 to 3 s apart (random) by default
--- - on connecting, the queue is processed at once
--- - update_queue_settings can switch off queuing while disconnected
---@param params? zapi.params.list_queue
---@return zapi.reply.list_queue|nil reply
---@return zapi.Error|nil err
function Client:list_queue(params) end

---@class zapi.params.get_queue
---@field page? integer page to fetch; the older page says that it no longer has any effect (default 1)
---@field pageSize? integer messages per page (default 20)
---@field count? string older page only: said to return the number of queued messages; the path /queue/count does that

---@class zapi.reply.get_queue.messages
---@field _id? string id in Z-API
---@field DelayMessage? integer|string delay between sends, s
---@field Message? string text
---@field IsTrial? boolean trial instance
---@field InstanceId? string instance id
---@field Phone? string recipient (chat)
---@field ZaapId? string id in Z-API
---@field DelayTyping? integer|string typing indicator time
---@field MessageId? string message id (message_id)
---@field Created? integer unix ms

---@class zapi.reply.get_queue
---@field messages? zapi.reply.get_queue.messages[] queued messages

--- Page through the messages waiting to be sent (old form).
---
--- `GET /queue` · https://developer.z-api.io/queue/get-queue
--- - deprecated in favour of POST /queue; removal announced for 30 April (2026, going by the age of the notice)
--- - page may be ignored, so do not loop over pages until one comes back empty
--- - up to 1,000 messages are queued for a disconnected phone before new ones are rejected
--- - queued messages go out 1 to 3 s apart (random) by default
--- - on connecting, the queue is processed at once
--- - update_queue_settings can switch off queuing while disconnected
---@param params? zapi.params.get_queue
---@return zapi.reply.get_queue|nil reply
---@return zapi.Error|nil err
---@deprecated
function Client:get_queue(params) end

--- Return how many messages are waiting.
---
--- `GET /queue/count` · https://developer.z-api.io/queue/get-queue
--- - the docs describe no reply body for this call
--- - mentioned on the page of the deprecated GET /queue only; whether the removal covers it is not said
--- - up to 1,000 messages are queued for a disconnected phone before new ones are rejected
--- - update_queue_settings can switch off queuing while disconnected
---@return any|nil reply
---@return zapi.Error|nil err
function Client:get_queue_count() end

--- Delete every message waiting to be sent.
---
--- `DELETE /queue` · https://developer.z-api.io/queue/delete-queue
--- - the newer page has just a sentence for status 200, the older one nothing: the body may be text or empty
---@return table|nil reply
---@return zapi.Error|nil err
function Client:clear_queue() end

---@class zapi.params.delete_queue_message
---@field zaapId string Z-API id of the message (ZaapId in the queue listing)

--- Delete one message waiting to be sent.
---
--- `DELETE /queue/{zaapId}` · https://developer.z-api.io/queue/delete-queue-id
--- - the newer page has just a sentence for status 200, the older one nothing: the body may be text or empty
---@param params zapi.params.delete_queue_message|string
---@return table|nil reply
---@return zapi.Error|nil err
function Client:delete_queue_message(params) end

---@class zapi.params.update_queue_settings
---@field disableEnqueueWhenDisconnected boolean true: new messages are not queued while the instance is disconnected; false: they are (the default)

---@class zapi.reply.update_queue_settings
---@field success? boolean true when it worked, false when it failed

--- Choose whether messages are queued while the instance is disconnected.
---
--- `PUT /update-queue-settings` · https://developer.z-api.io/en/queue/update-queue-settings
--- - what a send answers while queuing is off and the instance is disconnected is not documented
--- - the same switch can be given to create_instance
--- - the present value cannot be read back (get_me does not show it)
---@param params zapi.params.update_queue_settings|boolean
---@return zapi.reply.update_queue_settings|nil reply
---@return zapi.Error|nil err
function Client:update_queue_settings(params) end

---@class zapi.params.update_webhook_delivery
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_delivery
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called when a message was handed to WhatsApp.
---
--- `PUT /update-webhook-delivery` · https://developer.z-api.io/webhooks/on-message-send
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_webhook_delivery|string
---@return zapi.reply.update_webhook_delivery|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_delivery(params) end

---@class zapi.params.update_webhook_received
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_received
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called for incoming messages.
---
--- `PUT /update-webhook-received` · https://developer.z-api.io/webhooks/on-message-received
--- - the webhook URL has to be HTTPS
--- - media links delivered by this webhook expire after 30 days
---@param params zapi.params.update_webhook_received|string
---@return zapi.reply.update_webhook_received|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_received(params) end

---@class zapi.params.update_webhook_received_delivery
---@field value string webhook URL (HTTPS) (url)

--- Set the incoming-message webhook and have it also report messages sent by the number itself.
---
--- `PUT /update-webhook-received-delivery` · https://developer.z-api.io/webhooks/on-message-received
--- - the webhook URL has to be HTTPS
--- - the reply body is not documented (update_every_webhooks and update_notify_sent_by_me return value: boolean)
--- - media links delivered by this webhook expire after 30 days
---@param params zapi.params.update_webhook_received_delivery|string
---@return table|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_received_delivery(params) end

---@class zapi.params.update_webhook_disconnected
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_disconnected
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called when the connection is lost.
---
--- `PUT /update-webhook-disconnected` · https://developer.z-api.io/webhooks/on-whatsapp-disconnected
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_webhook_disconnected|string
---@return zapi.reply.update_webhook_disconnected|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_disconnected(params) end

---@class zapi.params.update_webhook_message_status
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_message_status
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called when a message changes state.
---
--- `PUT /update-webhook-message-status` · https://developer.z-api.io/webhooks/on-whatsapp-message-status-changes
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_webhook_message_status|string
---@return zapi.reply.update_webhook_message_status|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_message_status(params) end

---@class zapi.params.update_webhook_chat_presence
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_chat_presence
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called for chat presence (typing, recording, online).
---
--- `PUT /update-webhook-chat-presence` · https://developer.z-api.io/webhooks/on-chat-presence
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_webhook_chat_presence|string
---@return zapi.reply.update_webhook_chat_presence|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_chat_presence(params) end

---@class zapi.params.update_webhook_connected
---@field value string webhook URL (HTTPS) (url)

---@class zapi.reply.update_webhook_connected
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called when the instance connects.
---
--- `PUT /update-webhook-connected` · https://developer.z-api.io/webhooks/on-webhook-connected
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_webhook_connected|string
---@return zapi.reply.update_webhook_connected|nil reply
---@return zapi.Error|nil err
function Client:update_webhook_connected(params) end

---@class zapi.params.update_every_webhooks
---@field value string webhook URL (HTTPS) (url)
---@field notifySentByMe? boolean also report messages sent by the number itself

---@class zapi.reply.update_every_webhooks
---@field value? boolean true when it was accepted, false when it was refused

--- Point all webhooks at one URL.
---
--- `PUT /update-every-webhooks` · https://developer.z-api.io/webhooks/update-every-webhooks
--- - the webhook URL has to be HTTPS
---@param params zapi.params.update_every_webhooks|string
---@return zapi.reply.update_every_webhooks|nil reply
---@return zapi.Error|nil err
function Client:update_every_webhooks(params) end

---@class zapi.params.update_notify_sent_by_me
---@field notifySentByMe boolean true = report them

---@class zapi.reply.update_notify_sent_by_me
---@field value? boolean true when it was accepted, false when it was refused

--- Switch webhook notices for messages sent by the number itself.
---
--- `PUT /update-notify-sent-by-me` · https://developer.z-api.io/webhooks/update-notify-sent-by-me
--- - needs a received webhook to be set
---@param params zapi.params.update_notify_sent_by_me|boolean
---@return zapi.reply.update_notify_sent_by_me|nil reply
---@return zapi.Error|nil err
function Client:update_notify_sent_by_me(params) end

---@class zapi.params.update_filters
---@field messageFilters? ("FILTER_FROM_GROUP"|"FILTER_FROM_PRIVATE_CHAT"|"FILTER_TEXT_MESSAGE"|"FILTER_IMAGE_MESSAGE"|"FILTER_VIDEO_MESSAGE"|"FILTER_AUDIO_MESSAGE"|"FILTER_DOCUMENT_MESSAGE")[] kinds of message not to be reported by the received webhook
---@field callbackTypeFilters? ("FILTER_RECEIVED_CALLBACK"|"FILTER_DELIVERY_CALLBACK"|"FILTER_CONNECTED_CALLBACK"|"FILTER_DISCONNECTED_CALLBACK"|"FILTER_PRESENCE_CHAT_CALLBACK"|"FILTER_MESSAGE_STATUS_CALLBACK")[] webhooks not to be called at all, even with a URL set

---@class zapi.reply.update_filters
---@field value? boolean true when it was accepted, false when it was refused

--- Choose which messages and webhooks are not reported.
---
--- `PUT /update-filters` · https://developer.z-api.io/en/webhooks/update-filters
--- - block lists: what is named is not delivered
--- - messageFilters concerns the received webhook only
--- - a filter leaves the webhook URL in place
--- - the filters cannot be read back through a documented call; the panel shows them as switches
--- - whether a list that is left out stays as it was or is emptied is not said: send both
---@param params? zapi.params.update_filters
---@return zapi.reply.update_filters|nil reply
---@return zapi.Error|nil err
function Client:update_filters(params) end

---@class zapi.params.update_proxy_webhook
---@field value string webhook URL (url)

---@class zapi.reply.update_proxy_webhook
---@field value? boolean true when it was accepted, false when it was refused

--- Set the webhook called when the instance had to connect without its proxy.
---
--- `PUT /update-proxy-webhook` · https://developer.z-api.io/en/partner/update-proxy-webhook
--- - called after the 3rd failed try to connect through the proxy of configure_proxy; the instance then runs without a proxy
--- - payload: type ProxyCallback, instanceId, error (a text that holds the proxy URL with its credentials)
---@param params zapi.params.update_proxy_webhook|string
---@return zapi.reply.update_proxy_webhook|nil reply
---@return zapi.Error|nil err
function Client:update_proxy_webhook(params) end

---@class zapi.params.mobile_registration_available
---@field ddi string country calling code
---@field phone string number to register: area code plus number, without the country code, digits only (phone)

---@class zapi.reply.mobile_registration_available
---@field available? boolean false: registration cannot go on
---@field blocked? boolean number is banned or blocked
---@field appealToken? string for banned numbers: token for mobile_request_unbanning
---@field smsWaitSeconds? number seconds to wait before asking by SMS; 0 = now
---@field voiceWaitSeconds? number seconds to wait before asking by voice call; 0 = now
---@field waOldWaitSeconds? number seconds to wait before asking by pop-up in the app; 0 = now
---@field waOldEligible? boolean pop-up in the app is possible
---@field reason? string cause of an error

--- Check whether a number can be registered on a mobile instance and start its onboarding.
---
--- `POST /mobile/registration-available` · https://developer.z-api.io/mobile/registration-available
--- - must be called before mobile_request_registration_code
--- - some blocked numbers are only found out when the code is requested, and then no appealToken is given
---@param params zapi.params.mobile_registration_available
---@return zapi.reply.mobile_registration_available|nil reply
---@return zapi.Error|nil err
function Client:mobile_registration_available(params) end

---@class zapi.params.mobile_request_registration_code
---@field ddi string country calling code
---@field phone string number to register: area code plus number, without the country code, digits only (phone)
---@field method "sms"|"voice"|"wa_old" how the code is delivered (wa_old = pop-up in the WhatsApp app)

---@class zapi.reply.mobile_request_registration_code
---@field success? boolean request was sent
---@field captcha? string base64 captcha image; when present it must be answered with mobile_respond_captcha
---@field blocked? boolean number is banned
---@field retryAfter? number|string seconds before a new request
---@field smsWaitSeconds? number seconds to wait before asking by SMS; 0 = now
---@field voiceWaitSeconds? number seconds to wait before asking by voice call; 0 = now
---@field waOldWaitSeconds? number seconds to wait before asking by pop-up in the app; 0 = now
---@field method? "sms"|"voice"|"wa_old" delivery method used

--- Ask WhatsApp to send the confirmation code.
---
--- `POST /mobile/request-registration-code` · https://developer.z-api.io/mobile/request-code
--- - needs a prior mobile_registration_available call for the same number
--- - after a captcha is answered, do not request the code again
--- - wa_old needs the current phone at hand with the app open
--- - success false with captcha or blocked present is an answer to act on, not a transport failure
---@param params zapi.params.mobile_request_registration_code
---@return zapi.reply.mobile_request_registration_code|nil reply
---@return zapi.Error|nil err
function Client:mobile_request_registration_code(params) end

---@class zapi.params.mobile_respond_captcha
---@field captcha string text read from the captcha image (code)

---@class zapi.reply.mobile_respond_captcha
---@field success? boolean true when it worked, false when it failed

--- Answer the captcha returned when the code was requested.
---
--- `POST /mobile/respond-captcha` · https://developer.z-api.io/mobile/captcha-confirm
--- - only needed when mobile_request_registration_code returned a captcha
---@param params zapi.params.mobile_respond_captcha|string
---@return zapi.reply.mobile_respond_captcha|nil reply
---@return zapi.Error|nil err
function Client:mobile_respond_captcha(params) end

---@class zapi.params.mobile_confirm_registration_code
---@field code string confirmation code (code)

---@class zapi.reply.mobile_confirm_registration_code
---@field success? boolean instance is now connected
---@field confirmSecurityCode? boolean true: the two-step PIN must be confirmed with mobile_confirm_pin_code
---@field deviceConfirm? boolean true: the transfer must be accepted on the phone that holds the number, then finished with mobile_device_transfer_confirmed

--- Confirm the received code and connect the number.
---
--- `POST /mobile/confirm-registration-code` · https://developer.z-api.io/mobile/confirm-code
--- - comes after mobile_registration_available and mobile_request_registration_code
--- - success false with confirmSecurityCode or deviceConfirm true is a further step, not a failure
---@param params zapi.params.mobile_confirm_registration_code|string
---@return zapi.reply.mobile_confirm_registration_code|nil reply
---@return zapi.Error|nil err
function Client:mobile_confirm_registration_code(params) end

---@class zapi.reply.mobile_device_transfer_confirmed
---@field success? boolean true when it worked, false when it failed

--- Finish the transfer of a number from its phone to a mobile instance.
---
--- `GET /mobile/device-transfer-confirmed` · https://developer.z-api.io/en/mobile/device-transfer-confirmed
--- - a GET that changes state: moves the number from the phone to the instance
--- - only after mobile_confirm_registration_code answered deviceConfirm true and the user accepted the notice on the phone
--- - called too early it gives status 400 and nothing is transferred
---@return zapi.reply.mobile_device_transfer_confirmed|nil reply
---@return zapi.Error|nil err
function Client:mobile_device_transfer_confirmed() end

---@class zapi.params.mobile_request_unbanning
---@field appealToken string token from mobile_registration_available
---@field description string text for WhatsApp's review

---@class zapi.reply.mobile_request_unbanning
---@field success? boolean appeal was sent
---@field status? "IN_REVIEW"|"UNBANNED" state of the appeal

--- Appeal the ban of a number.
---
--- `POST /mobile/request-unbanning` · https://developer.z-api.io/mobile/request-unbanning
---@param params zapi.params.mobile_request_unbanning
---@return zapi.reply.mobile_request_unbanning|nil reply
---@return zapi.Error|nil err
function Client:mobile_request_unbanning(params) end

---@class zapi.params.mobile_confirm_pin_code
---@field code string two-step verification PIN (code)

---@class zapi.reply.mobile_confirm_pin_code
---@field success? boolean true when it worked, false when it failed

--- Confirm the two-step verification PIN while registering.
---
--- `POST /mobile/confirm-pin-code` · https://developer.z-api.io/mobile/confirm-security-code
--- - only needed when two-step verification is set on the account
---@param params zapi.params.mobile_confirm_pin_code|string
---@return zapi.reply.mobile_confirm_pin_code|nil reply
---@return zapi.Error|nil err
function Client:mobile_confirm_pin_code(params) end

---@class zapi.reply.mobile_recovery_pin_code
---@field success? boolean true when it worked, false when it failed

--- Have WhatsApp e-mail a link to reset the PIN.
---
--- `POST /mobile/recovery-pin-code` · https://developer.z-api.io/mobile/forgot-security-code
--- - the e-mail goes to the address linked to the WhatsApp account
--- - no request body is documented
---@return zapi.reply.mobile_recovery_pin_code|nil reply
---@return zapi.Error|nil err
function Client:mobile_recovery_pin_code() end

---@class zapi.reply.get_security_email
---@field success? boolean request worked
---@field hasEmail? boolean an e-mail is set
---@field email? string address (email)
---@field verified? boolean address was verified

--- Read the e-mail set on the WhatsApp account.
---
--- `GET /security/email` · https://developer.z-api.io/mobile/get-account-email
--- - only for mobile instances
---@return zapi.reply.get_security_email|nil reply
---@return zapi.Error|nil err
function Client:get_security_email() end

---@class zapi.params.set_security_email
---@field email string address to set (email)

---@class zapi.reply.set_security_email
---@field success? boolean request worked
---@field message? string VERIFY_EMAIL asks for verify_security_email; otherwise error text

--- Set the e-mail of the WhatsApp account.
---
--- `POST /security/email` · https://developer.z-api.io/mobile/set-account-email
--- - only for mobile instances
--- - a code may be sent to the address, to be passed to verify_security_email
---@param params zapi.params.set_security_email|string
---@return zapi.reply.set_security_email|nil reply
---@return zapi.Error|nil err
function Client:set_security_email(params) end

---@class zapi.params.verify_security_email
---@field verificationCode string code from the e-mail (code)

---@class zapi.reply.verify_security_email
---@field success? boolean true when it worked, false when it failed

--- Verify the account e-mail with the code received there.
---
--- `POST /security/verify-email` · https://developer.z-api.io/mobile/verify-email
--- - only for mobile instances
---@param params zapi.params.verify_security_email|string
---@return zapi.reply.verify_security_email|nil reply
---@return zapi.Error|nil err
function Client:verify_security_email(params) end

---@class zapi.reply.get_security_two_fa_code
---@field success? boolean request worked
---@field hasCode? boolean a PIN is set

--- Tell whether the account has a two-step PIN.
---
--- `GET /security/two-fa-code` · https://developer.z-api.io/mobile/get-has-security-code
--- - only for mobile instances
---@return zapi.reply.get_security_two_fa_code|nil reply
---@return zapi.Error|nil err
function Client:get_security_two_fa_code() end

---@class zapi.params.set_security_two_fa_code
---@field code string PIN to set (code)

---@class zapi.reply.set_security_two_fa_code
---@field success? boolean true when it worked, false when it failed

--- Set the two-step PIN of the account.
---
--- `POST /security/two-fa-code` · https://developer.z-api.io/mobile/set-security-code
--- - only for mobile instances
---@param params zapi.params.set_security_two_fa_code|string
---@return zapi.reply.set_security_two_fa_code|nil reply
---@return zapi.Error|nil err
function Client:set_security_two_fa_code(params) end

---@class zapi.reply.remove_security_email
---@field success? boolean request worked
---@field message? string error text, or a confirmation such as REMOVED

--- Remove the e-mail from the account.
---
--- `POST /security/email/remove` · https://developer.z-api.io/mobile/remove-account-email
--- - only for mobile instances
--- - no request body is documented
---@return zapi.reply.remove_security_email|nil reply
---@return zapi.Error|nil err
function Client:remove_security_email() end

---@class zapi.reply.remove_security_two_fa_code
---@field success? boolean request worked
---@field message? string error text on failure

--- Remove the two-step PIN from the account.
---
--- `POST /security/two-fa-code/remove` · https://developer.z-api.io/mobile/remove-security-code
--- - only for mobile instances
--- - no request body is documented
---@return zapi.reply.remove_security_two_fa_code|nil reply
---@return zapi.Error|nil err
function Client:remove_security_two_fa_code() end

--- Goes through all items of an endpoint that gives its list in parts. Throws
--- when a part cannot be had: a list that ends too soon must not look complete.
---@overload fun(self: zapi.Client, name: "list_chats", params?: zapi.params.list_chats): (fun(): zapi.reply.list_chats)
---@overload fun(self: zapi.Client, name: "list_contacts", params?: zapi.params.list_contacts): (fun(): zapi.reply.list_contacts)
---@overload fun(self: zapi.Client, name: "list_groups", params?: zapi.params.list_groups): (fun(): zapi.reply.list_groups)
---@overload fun(self: zapi.Client, name: "list_communities", params?: zapi.params.list_communities): (fun(): zapi.reply.list_communities)
---@overload fun(self: zapi.Client, name: "list_broadcasts", params?: zapi.params.list_broadcasts): (fun(): zapi.reply.list_broadcasts)
---@overload fun(self: zapi.Client, name: "list_products", params?: zapi.params.list_products): (fun(): zapi.reply.list_products.products)
---@overload fun(self: zapi.Client, name: "list_products_v2", params?: zapi.params.list_products_v2): (fun(): zapi.reply.list_products_v2.products)
---@overload fun(self: zapi.Client, name: "list_phone_products", params: zapi.params.list_phone_products|string): (fun(): zapi.reply.list_phone_products.products)
---@overload fun(self: zapi.Client, name: "list_phone_products_v2", params: zapi.params.list_phone_products_v2|string): (fun(): zapi.reply.list_phone_products_v2.products)
---@overload fun(self: zapi.Client, name: "list_collections", params?: zapi.params.list_collections): (fun(): zapi.reply.list_collections.collections)
---@overload fun(self: zapi.Client, name: "list_collection_products", params: zapi.params.list_collection_products): (fun(): zapi.reply.list_collection_products.products)
---@overload fun(self: zapi.Client, name: "list_queue", params?: zapi.params.list_queue): (fun(): zapi.reply.list_queue.messages)
---@param name string
---@param params? table
---@return fun(): any
function Client:each(name, params) end

--- All items of an endpoint that gives its list in parts, or nil and the error.
---@overload fun(self: zapi.Client, name: "list_chats", params?: zapi.params.list_chats, limit?: integer): (zapi.reply.list_chats[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_contacts", params?: zapi.params.list_contacts, limit?: integer): (zapi.reply.list_contacts[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_groups", params?: zapi.params.list_groups, limit?: integer): (zapi.reply.list_groups[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_communities", params?: zapi.params.list_communities, limit?: integer): (zapi.reply.list_communities[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_broadcasts", params?: zapi.params.list_broadcasts, limit?: integer): (zapi.reply.list_broadcasts[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_products", params?: zapi.params.list_products, limit?: integer): (zapi.reply.list_products.products[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_products_v2", params?: zapi.params.list_products_v2, limit?: integer): (zapi.reply.list_products_v2.products[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_phone_products", params: zapi.params.list_phone_products|string, limit?: integer): (zapi.reply.list_phone_products.products[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_phone_products_v2", params: zapi.params.list_phone_products_v2|string, limit?: integer): (zapi.reply.list_phone_products_v2.products[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_collections", params?: zapi.params.list_collections, limit?: integer): (zapi.reply.list_collections.collections[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_collection_products", params: zapi.params.list_collection_products, limit?: integer): (zapi.reply.list_collection_products.products[]|nil), (zapi.Error|nil)
---@overload fun(self: zapi.Client, name: "list_queue", params?: zapi.params.list_queue, limit?: integer): (zapi.reply.list_queue.messages[]|nil), (zapi.Error|nil)
---@param name string
---@param params? table
---@param limit? integer at most so many
---@return any[]|nil items
---@return zapi.Error|nil err
function Client:collect(name, params, limit) end

---@class zapi.Partner
local Partner = {}

--- An endpoint by its name, for names that are data.
---@param name string
---@param params? table
---@return any reply
---@return zapi.Error|nil err
function Partner:call(name, params) end

--- An endpoint that is in no table.
---@param request zapi.Request
---@return any reply
---@return zapi.Error|nil err
function Partner:request(request) end

--- What a call would send, without sending it. It holds the secrets.
---@param name string
---@param params? table
---@return zapi.BuiltRequest
function Partner:build(name, params) end

---@class zapi.params.partner.create_instance
---@field name string instance name
---@field sessionName? string session name shown in linked devices
---@field deliveryCallbackUrl? string delivery webhook (url)
---@field receivedCallbackUrl? string received webhook (url)
---@field receivedAndDeliveryCallbackUrl? string received webhook that also reports own messages (url)
---@field presenceChatCallbackUrl? string chat presence webhook (url)
---@field disconnectedCallbackUrl? string disconnected webhook (url)
---@field connectedCallbackUrl? string connected webhook (url)
---@field messageStatusCallbackUrl? string message status webhook (url)
---@field callRejectAuto? boolean reject calls
---@field callRejectMessage? string text sent after a rejected call
---@field autoReadMessage? boolean read messages automatically
---@field autoReadStatus? boolean view status posts automatically
---@field isDevice? boolean true = mobile instance, false = web instance
---@field businessDevice? boolean true = Business version of WhatsApp
---@field disableEnqueueWhenDisconnected? boolean do not queue messages while disconnected

---@class zapi.reply.partner.create_instance
---@field id? string new instance id
---@field token? string new instance token
---@field due? number|string expiry, unix ms

--- Create an instance in the partner account.
---
--- `POST /instances/integrator/on-demand` · https://developer.z-api.io/partner/create-instance
--- - header Authorization: Bearer <partner token>; Client-Token is not needed
--- - path is from the host root, not below an instance
--- - a new instance is a 2-day trial and is deleted unless subscribed by then
--- - webhook URLs have to be HTTPS
--- - the account security token may create up to 25 instances; after the first 10 a partner token without that limit can be requested
---@param params zapi.params.partner.create_instance|string
---@return zapi.reply.partner.create_instance|nil reply
---@return zapi.Error|nil err
function Partner:create_instance(params) end

---@class zapi.params.partner.subscribe_instance
---@field instance string id of the instance that the call is about
---@field token string token of that instance
---@field withCalls? boolean include voice-call support

--- Turn a trial instance into a paid one.
---
--- `POST /integrator/on-demand/subscription` · https://developer.z-api.io/partner/sign-instance
--- - header Authorization: Bearer <partner token>; Client-Token is not needed
--- - path is relative to /instances/{instance}/token/{token}
--- - withCalls only for accounts with the calls feature; without it the default plan applies
--- - only instances created through the API can be subscribed (older English copy)
--- - the 201 reply is shown only as OK, without a JSON body
---@param params zapi.params.partner.subscribe_instance
---@return table|nil reply
---@return zapi.Error|nil err
function Partner:subscribe_instance(params) end

---@class zapi.params.partner.cancel_instance
---@field instance string id of the instance that the call is about
---@field token string token of that instance

--- Cancel the subscription of an instance.
---
--- `POST /integrator/on-demand/cancel` · https://developer.z-api.io/partner/unsubscribe-instance
--- - header Authorization: Bearer <partner token>; Client-Token is not needed
--- - path is relative to /instances/{instance}/token/{token}
--- - not needed for trial instances
--- - the 201 reply is shown only as OK, without a JSON body
--- - the instance stays usable, and billed, until the last day of the current month
---@param params zapi.params.partner.cancel_instance
---@return table|nil reply
---@return zapi.Error|nil err
function Partner:cancel_instance(params) end

---@class zapi.params.partner.list_instances
---@field page? integer page number (default 1)
---@field pageSize? integer instances per page (default 20)
---@field query? string search by instance name or id
---@field middleware? "web"|"mobile" kind of instance; absent = all

---@class zapi.reply.partner.list_instances.content
---@field token? string instance token
---@field tenant? string not described
---@field created? string creation date (datetime)
---@field due? number expiry, unix ms
---@field paymentStatus? string billing state
---@field deliveryCallbackUrl? string  (url)
---@field receivedCallbackUrl? string  (url)
---@field disconnectedCallbackUrl? string  (url)
---@field messageStatusCallbackUrl? string  (url)
---@field receivedAndDeliveryCallbackUrl? string  (url)
---@field presenceChatCallbackUrl? string  (url)
---@field connectedCallbackUrl? string  (url)
---@field receivedStatusCallbackUrl? string  (url)
---@field phoneConnected? boolean phone is online
---@field whatsappConnected? boolean WhatsApp is connected
---@field middleware? "web"|"mobile" kind of instance
---@field name? string instance name
---@field id? string instance id

---@class zapi.reply.partner.list_instances
---@field total? integer instances in all
---@field totalPage? integer pages in all
---@field pageSize? integer page size
---@field page? integer page number
---@field content? zapi.reply.partner.list_instances.content[] instances of this page

--- List the instances of the partner account.
---
--- `GET /instances` · https://developer.z-api.io/partner/list-instances
--- - header Authorization: Bearer <partner token>; Client-Token is not needed
--- - path is from the host root, not below an instance
--- - the fields of content come from the sample only, which leaves most of them empty
---@param params? zapi.params.partner.list_instances
---@return zapi.reply.partner.list_instances|nil reply
---@return zapi.Error|nil err
function Partner:list_instances(params) end

---@class zapi.params.partner.update_instance_subscription
---@field instance string id of the instance that the call is about
---@field token string token of that instance
---@field withCalls true must be true

--- Upgrade a subscribed instance to the plan with voice calls.
---
--- `PUT /integrator/subscription/update` · https://developer.z-api.io/partner/update-instance
--- - header Authorization: Bearer <partner token>; Client-Token is not needed
--- - path is relative to /instances/{instance}/token/{token}
--- - withCalls accepts only true; there is no downgrade short of cancelling and subscribing anew
--- - only for accounts with the calls feature
--- - the 201 reply is shown only as OK, without a JSON body
---@param params zapi.params.partner.update_instance_subscription
---@return table|nil reply
---@return zapi.Error|nil err
function Partner:update_instance_subscription(params) end

---@class zapi.params.partner.configure_proxy
---@field instance string id of the instance that the call is about
---@field token string token of that instance
---@field proxyUrl string proxy address with scheme and credentials, such as socks5://user:password@host:1080; empty removes it
---@field enable boolean use the proxy or not

---@class zapi.reply.partner.configure_proxy
---@field value? boolean true when it was accepted, false when it was refused

--- Set the proxy of an instance and switch it on or off.
---
--- `PUT /integrator/configure-proxy` · https://developer.z-api.io/en/partner/configure-proxy
--- - header Authorization: Bearer <partner token>; an empty or wrong one gives status 401
--- - path is relative to /instances/{instance}/token/{token}
--- - send both fields every time: a missing or empty proxyUrl clears the stored one, a missing or null enable counts as false
--- - enable has no effect without a proxyUrl
--- - the proxy is tried out: status 400 with the JSON text "Proxy is not reachable" when that fails
--- - when the instance later fails 3 times to connect through the proxy it connects without one, and the webhook of update_proxy_webhook is called
--- - read the current values with get_me (proxyUrl, useProxy)
--- - proxyUrl holds credentials: keep it out of logs
---@param params zapi.params.partner.configure_proxy
---@return zapi.reply.partner.configure_proxy|nil reply
---@return zapi.Error|nil err
function Partner:configure_proxy(params) end

--- Goes through all items of an endpoint that gives its list in parts. Throws
--- when a part cannot be had: a list that ends too soon must not look complete.
---@overload fun(self: zapi.Partner, name: "list_instances", params?: zapi.params.partner.list_instances): (fun(): zapi.reply.partner.list_instances.content)
---@param name string
---@param params? table
---@return fun(): any
function Partner:each(name, params) end

--- All items of an endpoint that gives its list in parts, or nil and the error.
---@overload fun(self: zapi.Partner, name: "list_instances", params?: zapi.params.partner.list_instances, limit?: integer): (zapi.reply.partner.list_instances.content[]|nil), (zapi.Error|nil)
---@param name string
---@param params? table
---@param limit? integer at most so many
---@return any[]|nil items
---@return zapi.Error|nil err
function Partner:collect(name, params, limit) end

---@class zapi.Gateway
local Gateway = {}

--- An endpoint by its name, for names that are data.
---@param name string
---@param params? table
---@return any reply
---@return zapi.Error|nil err
function Gateway:call(name, params) end

--- An endpoint that is in no table.
---@param request zapi.Request
---@return any reply
---@return zapi.Error|nil err
function Gateway:request(request) end

--- What a call would send, without sending it. It holds the secrets.
---@param name string
---@param params? table
---@return zapi.BuiltRequest
function Gateway:build(name, params) end

---@class zapi.params.gateway.create_token
---@field chave_api string the system's API key

---@class zapi.reply.gateway.create_token
---@field token? string bearer token: number, |, secret
---@field sistema_id? integer id of the system
---@field expires_at? string expiry, YYYY-MM-DD HH:MM:SS, zone not stated (datetime)

--- Trade the system's API key for a temporary bearer token.
---
--- `POST /api/auth/token` · Z-API-INSTANCE: Autenticação
--- - header X-Sistema-ID: numeric id of the system
--- - no Authorization header here
--- - the token is temporary: get a new one once expires_at has passed; the lifetime is not stated
---@param params zapi.params.gateway.create_token|string
---@return zapi.reply.gateway.create_token|nil reply
---@return zapi.Error|nil err
function Gateway:create_token(params) end

---@class zapi.params.gateway.create_instance
---@field tag string internal name, unique; identifies your customer
---@field descricao string description
---@field instance_id string instance id issued by Z-API
---@field instance_token string instance token issued by Z-API
---@field client_token string Z-API account security token (Client-Token)

---@class zapi.reply.gateway.create_instance
---@field sistema_id? integer id of the system
---@field tag? string internal name
---@field descricao? string description
---@field instance_id? string Z-API instance id
---@field uuid? string uuid to use as instancia_uuid
---@field updated_at? string  (datetime)
---@field created_at? string  (datetime)
---@field id? integer row id

--- Register a Z-API instance with the gateway.
---
--- `POST /api/instancias` · Z-API-INSTANCE: Instâncias/Cadastrar
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - tag must be unique
--- - the reply echoes neither instance_token nor client_token; keep uuid, every later call takes it
---@param params zapi.params.gateway.create_instance
---@return zapi.reply.gateway.create_instance|nil reply
---@return zapi.Error|nil err
function Gateway:create_instance(params) end

---@class zapi.reply.gateway.list_instances.data
---@field id? integer row id
---@field tag? string internal name
---@field descricao? string description

---@class zapi.reply.gateway.list_instances
---@field data? zapi.reply.gateway.list_instances.data[] instances

--- List the system's instances.
---
--- `GET /api/instancias` · Z-API-INSTANCE: Instâncias/Listar
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
---@return zapi.reply.gateway.list_instances|nil reply
---@return zapi.Error|nil err
function Gateway:list_instances() end

---@class zapi.params.gateway.get_instance
---@field uuid string uuid of the instance (uuid from create_instance)

--- One registered instance.
---
--- `GET /api/instancias/{uuid}` · Z-API-INSTANCE: Instâncias/Visualizar
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
---@param params zapi.params.gateway.get_instance|string
---@return table|nil reply
---@return zapi.Error|nil err
function Gateway:get_instance(params) end

---@class zapi.params.gateway.delete_instance
---@field uuid string uuid of the instance (uuid from create_instance)

--- Remove a registered instance.
---
--- `DELETE /api/instancias/{uuid}` · Z-API-INSTANCE: Instâncias/Excluir
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
---@param params zapi.params.gateway.delete_instance|string
---@return table|nil reply
---@return zapi.Error|nil err
function Gateway:delete_instance(params) end

---@class zapi.params.gateway.get_qr_code
---@field instancia_uuid string uuid of the instance (uuid from create_instance)

---@class zapi.reply.gateway.get_qr_code
---@field value? string QR code image

--- QR code that links the instance to WhatsApp.
---
--- `GET /api/vinculos/qrcode/{instancia_uuid}` · Z-API-INSTANCE: Vínculo com WhatsApp/QR Code
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
---@param params zapi.params.gateway.get_qr_code|string
---@return zapi.reply.gateway.get_qr_code|nil reply
---@return zapi.Error|nil err
function Gateway:get_qr_code(params) end

---@class zapi.params.gateway.get_status
---@field instancia_uuid string uuid of the instance (uuid from create_instance)

---@class zapi.reply.gateway.get_status
---@field connected? boolean linked to WhatsApp
---@field smartphoneConnected? boolean the phone is online

--- Whether the instance is linked to WhatsApp.
---
--- `GET /api/vinculos/status/{instancia_uuid}` · Z-API-INSTANCE: Vínculo com WhatsApp/Status
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
---@param params zapi.params.gateway.get_status|string
---@return zapi.reply.gateway.get_status|nil reply
---@return zapi.Error|nil err
function Gateway:get_status(params) end

---@class zapi.params.gateway.disconnect
---@field instancia_uuid string uuid of the instance (uuid from create_instance)

---@class zapi.reply.gateway.disconnect
---@field value? boolean true when disconnected

--- Unlink the instance from WhatsApp.
---
--- `GET /api/vinculos/desconectar/{instancia_uuid}` · Z-API-INSTANCE: Vínculo com WhatsApp/Desconectar
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - a GET that changes state
---@param params zapi.params.gateway.disconnect|string
---@return zapi.reply.gateway.disconnect|nil reply
---@return zapi.Error|nil err
function Gateway:disconnect(params) end

---@class zapi.params.gateway.send_simple_message
---@field instancia_uuid string uuid of an active instance
---@field phone string country code, area code, number (chat)
---@field message string text
---@field isGroup? boolean the recipient is a group

---@class zapi.reply.gateway.send_simple_message.data.contato
---@field instancia_id? integer row id of the instance
---@field sistema_id? integer id of the system
---@field contato? string contact's number
---@field descricao? string
---@field grupo? "S"|"N" contact is a group
---@field foto? string
---@field updated_at? string  (datetime)
---@field created_at? string  (datetime)
---@field id? integer row id

---@class zapi.reply.gateway.send_simple_message.data.chat
---@field contato_id? integer row id of the contact
---@field instancia_id? integer row id of the instance
---@field sistema_id? integer id of the system
---@field zaap_id? string Z-API message id
---@field message_id? string WhatsApp message id (message_id)
---@field zapi_id? string same value as message_id in the samples
---@field tipo? string envio for a sent message
---@field quem_enviou? string sistema when sent through the API
---@field telefone_conctado? string number of the connected phone, going by the name
---@field status? string
---@field mensagem? string stored text
---@field updated_at? string  (datetime)
---@field created_at? string  (datetime)
---@field id? integer row id

---@class zapi.reply.gateway.send_simple_message.data
---@field contato? zapi.reply.gateway.send_simple_message.data.contato the contact
---@field chat? zapi.reply.gateway.send_simple_message.data.chat the stored message

---@class zapi.reply.gateway.send_simple_message
---@field error? boolean false on success
---@field http_code? integer status repeated in the body
---@field message? string human-readable result, Portuguese
---@field data? zapi.reply.gateway.send_simple_message.data what was stored

--- Send a text message.
---
--- `POST /api/mensagens/enviar-mensagem-simples` · Z-API-INSTANCE: Mensagens/Enviar mensagem simples
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - the reply says the message was registered, not delivered
---@param params zapi.params.gateway.send_simple_message
---@return zapi.reply.gateway.send_simple_message|nil reply
---@return zapi.Error|nil err
function Gateway:send_simple_message(params) end

---@class zapi.params.gateway.send_media
---@field instancia_uuid string uuid of an active instance
---@field phone string country code, area code, number (chat)
---@field chatName? string contact's name
---@field isGroup? "S"|"N"|boolean the recipient is a group: S yes, N no
---@field document string the file part (path of the file to upload) (file)
---@field caption? string text going with the file
---@field midia_type "document"|"image"|"video"|"audio" kind of media

---@class zapi.reply.gateway.send_media.data.contato
---@field instancia_id? integer row id of the instance
---@field sistema_id? integer id of the system
---@field contato? string contact's number
---@field descricao? string
---@field grupo? "S"|"N" contact is a group
---@field foto? string
---@field updated_at? string  (datetime)
---@field created_at? string  (datetime)
---@field id? integer row id

---@class zapi.reply.gateway.send_media.data.chat
---@field contato_id? integer row id of the contact
---@field instancia_id? integer row id of the instance
---@field sistema_id? integer id of the system
---@field zaap_id? string Z-API message id
---@field message_id? string WhatsApp message id (message_id)
---@field zapi_id? string same value as message_id in the samples
---@field tipo? string envio for a sent message
---@field quem_enviou? string sistema when sent through the API
---@field telefone_conchado? string number of the connected phone, going by the name
---@field status? string
---@field mensagem? string stored text
---@field updated_at? string  (datetime)
---@field created_at? string  (datetime)
---@field id? integer row id

---@class zapi.reply.gateway.send_media.data
---@field contato? zapi.reply.gateway.send_media.data.contato the contact
---@field chat? zapi.reply.gateway.send_media.data.chat the stored message

---@class zapi.reply.gateway.send_media
---@field error? boolean false on success
---@field http_code? integer status repeated in the body
---@field message? string human-readable result, Portuguese
---@field data? zapi.reply.gateway.send_media.data what was stored

--- Send a file: document, image, video or audio.
---
--- `POST /api/mensagens/enviar-midia` · Z-API-INSTANCE: Mensagens/Enviar Midia
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - multipart/form-data, file in the part named document whatever the media kind
--- - the reply says the file was registered, not delivered
---@param params zapi.params.gateway.send_media
---@return zapi.reply.gateway.send_media|nil reply
---@return zapi.Error|nil err
function Gateway:send_media(params) end

---@class zapi.params.gateway.list_contacts
---@field instancia_uuid string uuid of the instance (uuid from create_instance)
---@field pagina integer page number

---@class zapi.reply.gateway.list_contacts
---@field vname? string name on the contact's card
---@field phone? string number (phone)

--- Contacts of the instance, page by page.
---
--- `GET /api/contatos/listar/{instancia_uuid}/{pagina}` · Z-API-INSTANCE: Contatos/Listar contatos
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - page size not documented
---@param params zapi.params.gateway.list_contacts
---@return zapi.reply.gateway.list_contacts[]|nil reply
---@return zapi.Error|nil err
function Gateway:list_contacts(params) end

---@class zapi.params.gateway.list_messages
---@field instancia_uuid string uuid of the instance (uuid from create_instance)
---@field contato string contact's number (chat)
---@field page? integer page number

---@class zapi.reply.gateway.list_messages
---@field message? string text
---@field fromMe? boolean sent by this account
---@field timestamp? integer epoch milliseconds

--- Messages exchanged with one contact.
---
--- `GET /api/conversas/listar/{instancia_uuid}/{contato}` · Z-API-INSTANCE: Conversas/Listar mensagens com contato
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - page size not documented
---@param params zapi.params.gateway.list_messages
---@return zapi.reply.gateway.list_messages[]|nil reply
---@return zapi.Error|nil err
function Gateway:list_messages(params) end

---@class zapi.params.gateway.list_chats
---@field instancia_uuid string uuid of the instance (uuid from create_instance)
---@field pagina integer page number

---@class zapi.reply.gateway.list_chats
---@field pinned? "true"|"false" "true" or "false"
---@field messagesUnread? string count as text
---@field unread? string count as text
---@field lastMessageTime? string epoch milliseconds as text
---@field isGroupAnnouncement? boolean community announcement group
---@field archived? "true"|"false" "true" or "false"
---@field phone? string chat id (chat)
---@field name? string chat name
---@field isGroup? boolean chat is a group
---@field isMuted? "0"|"1" "0" or "1"
---@field isMarkedSpam? "true"|"false" "true" or "false"

--- Chats of the instance, page by page.
---
--- `GET /api/chats/pegar-chats/{instancia_uuid}/{pagina}` · Z-API-INSTANCE: Chats/Pegar Chats
--- - header Authorization: Bearer <token> (the whole token, with the number and | in front)
--- - header X-Sistema-ID: numeric id of the system
--- - both headers are shown only in the send-media curl sample; that every call but the token one needs them is an inference
--- - page size not documented
---@param params zapi.params.gateway.list_chats
---@return zapi.reply.gateway.list_chats[]|nil reply
---@return zapi.Error|nil err
function Gateway:list_chats(params) end

return zapi
