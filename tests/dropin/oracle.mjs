// Backstage's own catalog backend over PostgreSQL, to write `answers.json` down; no test runs it.
// In an empty folder: npm install --ignore-scripts @backstage/plugin-catalog-backend@4.0.5
//   @backstage/catalog-client@1.16.4 pg yaml; copy this file and client.mjs there; then
//   node oracle.mjs postgresql://… catalog/parts.yaml calls.json files > answers.json
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
const require = createRequire(import.meta.url);
const knex = require('knex');
const express = require('express');
const YAML = require('yaml');
const { stringifyEntityRef } = require('@backstage/catalog-model');
const { NotFoundError, serializeError } = require('@backstage/errors');
const from = path => require(require.resolve('@backstage/plugin-catalog-backend').replace(/index\.cjs\.js$/, `${path}.cjs.js`));
const { createRouter } = from('service/createRouter');
const { DefaultEntitiesCatalog } = from('service/DefaultEntitiesCatalog');
const { buildEntitySearch } = from('database/operations/stitcher/buildEntitySearch');
const { AnnotateLocationEntityProcessor } = from('processors/AnnotateLocationEntityProcessor');
const { UrlReaderProcessor } = from('processors/UrlReaderProcessor');
const { defaultEntityDataParser } = from('util/parse');
const { BuiltinKindsEntityProcessor } = from('processors/BuiltinKindsEntityProcessor');
const { RepoLocationAnalyzer } = from('ingestion/LocationAnalyzer');
const { DefaultLocationStore } = from('providers/DefaultLocationStore');
const { DefaultCatalogDatabase } = from('database/DefaultCatalogDatabase');
const { DefaultRefreshService } = from('service/DefaultRefreshService');
const { DefaultLocationService } = from('service/DefaultLocationService');
const { computeLocationEntityRef } = from('util/conversion');
const { applyDatabaseMigrations } = from('database/migrations');
const { ScmIntegrations } = require('@backstage/integration');
const { ConfigReader } = require('@backstage/config');

const [url, file, calls, folder] = process.argv.slice(2);
const files = 'http://files.example';
const logger = { info() {}, warn() {}, debug() {}, error: console.error, child() { return logger; } };
const db = knex({ client: 'pg', connection: url });
await applyDatabaseMigrations(db);
for (const table of ['search', 'relations', 'final_entities', 'refresh_state_references', 'refresh_state', 'locations']) await db(table).del();

function makeUid(ref) {
  const space = Buffer.from('6f1d0c0e5c395e0a9a4e6d1f5a3b7c21', 'hex');
  const bytes = createHash('sha1').update(space).update(ref).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const processor = new BuiltinKindsEntityProcessor();
const entities = [];
const relations = new Map();
for (const document of YAML.parseAllDocuments(readFileSync(file, 'utf8'))) {
  let entity = document.toJSON();
  entity.metadata.namespace ??= 'default';
  // Backstage keeps what a file says of its own place; the portal never does, so neither here.
  entity.metadata.annotations = {
    ...entity.metadata.annotations,
    'backstage.io/managed-by-location': 'file:fixture/parts.yaml',
    'backstage.io/managed-by-origin-location': 'file:fixture',
  };
  entity = await processor.preProcessEntity(entity);
  await processor.validateEntityKind(entity);
  await processor.postProcessEntity(entity, {}, ({ relation }) => {
    const source = stringifyEntityRef(relation.source);
    if (!relations.has(source)) relations.set(source, new Map());
    const one = { type: relation.type, targetRef: stringifyEntityRef(relation.target) };
    relations.get(source).set(`${one.type}:${one.targetRef}`, one);
  });
  entities.push(entity);
}
for (const entity of entities) {
  const ref = stringifyEntityRef(entity);
  const uid = makeUid(ref);
  const own = [...(relations.get(ref)?.values() ?? [])];
  own.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : a.targetRef < b.targetRef ? -1 : 1));
  const final = { ...entity, relations: own, metadata: { ...entity.metadata, uid, etag: 'etag' } };
  await db('refresh_state').insert({ entity_id: uid, entity_ref: ref, unprocessed_entity: '{}', errors: '[]', next_update_at: db.fn.now(), last_discovery_at: db.fn.now() });
  await db('refresh_state_references').insert({ source_key: 'fixture', target_entity_ref: ref });
  await db('final_entities').insert({ entity_id: uid, entity_ref: ref, hash: 'h', final_entity: JSON.stringify(final) });
  await db.batchInsert('search', buildEntitySearch(uid, final), 50);
}

const credentials = { principal: {} };
const config = new ConfigReader({});
const store = new DefaultLocationStore(db);
store._connection = { applyMutation: async () => {} };
await db('locations').insert({ id: makeUid('location file:fixture'), type: 'file', target: 'fixture', location_entity_ref: computeLocationEntityRef('file', 'fixture') });
const { DefaultCatalogProcessingOrchestrator } = from('processing/DefaultCatalogProcessingOrchestrator');
const { CatalogRules } = from('ingestion/CatalogRules');
const { DefaultCatalogRulesEnforcer } = from('ingestion/CatalogRules');
const model = require('@backstage/catalog-model');
const integrations = ScmIntegrations.fromConfig(config);
const reader = {
  async search(address) {
    const path = `${folder}/${address.slice(files.length + 1)}`;
    if (!existsSync(path)) throw new NotFoundError(`${address} is not there`);
    return { etag: '', files: [{ url: address, content: async () => readFileSync(path) }] };
  },
};
const processors = [new AnnotateLocationEntityProcessor({ integrations }), new UrlReaderProcessor({ reader, logger }), processor];
const orchestrator = new DefaultCatalogProcessingOrchestrator({
  processors, integrations, logger, parser: defaultEntityDataParser,
  policy: model.EntityPolicies.allOf([new model.SchemaValidEntityPolicy(), new model.DefaultNamespaceEntityPolicy(), new model.NoForeignRootFieldsEntityPolicy(), new model.FieldFormatEntityPolicy()]),
  rulesEnforcer: { isAllowed: () => true }, legacySingleProcessorValidation: false, modelHolder: undefined,
});
const router = await createRouter({
  entitiesCatalog: new DefaultEntitiesCatalog({ database: db, logger }),
  locationAnalyzer: new RepoLocationAnalyzer(logger, integrations, []),
  locationService: new DefaultLocationService(store, orchestrator),
  refreshService: new DefaultRefreshService({ database: new DefaultCatalogDatabase({ database: db, logger }) }),
  orchestrator, config, logger,
  permissionsService: { authorize: async list => list.map(() => ({ result: 'ALLOW' })) },
  auth: { authenticate: async () => credentials },
  httpAuth: { credentials: async () => credentials },
  auditor: { createEvent: async () => ({ success: async () => {}, fail: async () => {} }) },
});
const statuses = { InputError: 400, AuthenticationError: 401, NotAllowedError: 403, NotFoundError: 404, ConflictError: 409 };
const app = express();
app.use('/api/catalog', router);
app.use((error, req, res, _next) => {
  const statusCode = error.statusCode ?? error.status ?? statuses[error.name] ?? 500;
  res.status(statusCode).json({ error: serializeError(error), request: { method: req.method, url: req.url }, response: { statusCode } });
});
const server = app.listen(0, '127.0.0.1', () => {
  const base = `http://127.0.0.1:${server.address().port}/api/catalog`;
  const child = spawn(process.execPath, ['client.mjs', base, calls], { stdio: 'inherit', env: { ...process.env, CATALOG_TOKEN: 'any', CATALOG_WRITER: 'any', CATALOG_FILES: files } });
  child.on('exit', code => { server.close(); db.destroy(); process.exitCode = code; });
});
