-- luacheck: ignore
--- The hand-written part of library/zapi.lua: what scripts are promised beside
-- the endpoints. Not a module: zapi.host.cli.types puts it together with the
-- part that follows from the table. Only definitions stand below.

---- begin ----
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

---- events ----
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

---- endpoints ----

return zapi
