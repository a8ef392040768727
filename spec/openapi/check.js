// node check.js FILE: does a validator accept the document, does each $ref lead
// somewhere, is each example valid by its schema, and does each name in a path
// have its parameter? Ends with a line that counts what was looked at.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";

const faults = [];
const document = JSON.parse(readFileSync(process.argv[2], "utf8"));

const validator = new Validator();
const result = await validator.validate(structuredClone(document));
if (!result.valid) faults.push(JSON.stringify(result.errors));
else validator.resolveRefs(); // throws when a $ref leads nowhere

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, "document");
const follow = (at) =>
  at.$ref ? at.$ref.slice(2).split("/").reduce((o, k) => o[k], document) : at;

let examples = 0;
function checkExample(where, media) {
  if (!media || media.example === undefined) return;
  const check = media.schema.$ref
    ? ajv.getSchema("document" + media.schema.$ref)
    : ajv.compile(media.schema);
  examples++;
  if (!check(media.example)) {
    faults.push(`${where}: ${ajv.errorsText(check.errors)}`);
  }
}

let operations = 0;
const ids = new Set();
for (const [path, item] of Object.entries(document.paths)) {
  for (const [method, op] of Object.entries(item)) {
    if (method === "servers") continue;
    const where = `${method} ${path}`;
    const parameters = (op.parameters ?? []).map(follow);
    operations++;
    if (ids.has(op.operationId)) faults.push(`${where}: ${op.operationId} twice`);
    ids.add(op.operationId);
    const named = parameters.filter((p) => p.in === "path").map((p) => p.name);
    const wanted = [...path.matchAll(/{(\w+)}/g)].map((m) => m[1]);
    if (named.sort().join() !== wanted.sort().join()) {
      faults.push(`${where}: parameters ${named} for ${wanted}`);
    }
    for (const p of parameters) checkExample(`${where} ${p.name}`, p);
    for (const media of Object.values(op.requestBody?.content ?? {})) {
      checkExample(`${where} request`, media);
    }
    for (const response of Object.values(op.responses).map(follow)) {
      for (const media of Object.values(response.content ?? {})) {
        checkExample(`${where} reply`, media);
      }
    }
  }
}

for (const fault of faults) console.log(fault);
console.log(`${operations} operations, ${examples} examples, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
