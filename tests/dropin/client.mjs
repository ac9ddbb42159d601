// Calls every method of the unmodified client, walks pages, sends raw requests; prints what came.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CATALOG_FILTER_EXISTS, CatalogClient } from '@backstage/catalog-client';

const [base, calls] = process.argv.slice(2);
const token = process.env.CATALOG_TOKEN;
const files = process.env.CATALOG_FILES;
const wanted = JSON.parse(readFileSync(calls, 'utf8'));
const client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => base } });
const options = { token };

// A symbol stands for "there is such a key", which JSON cannot hold.
function revive(value) {
  if (value === 'EXISTS') return CATALOG_FILTER_EXISTS;
  if (Array.isArray(value)) return value.map(revive);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, revive(v)]));
  return value;
}

// Names tell what a list holds; whole entities are compared by the calls that ask for nothing else.
function shorten(method, value) {
  const isList = ['getEntities', 'queryEntities', 'getEntitiesByRefs'].includes(method);
  if (!isList || value.fields || !Object.keys(value).length) return value;
  return { ...value, fields: ['kind', 'metadata.namespace', 'metadata.name'] };
}

async function call(method, given, by = options) {
  const list = (Array.isArray(given) ? given : [given]).map(value => shorten(method, value));
  try {
    const result = await client[method](...list.map(revive), by);
    return { result: result === undefined ? 'undefined' : result };
  } catch (error) {
    return { error: { name: error.name, status: error.statusCode, cause: error.cause?.name, message: error.cause?.message ?? error.message } };
  }
}

async function walk(request) {
  const pages = [];
  const names = response => response.items.map(e => `${e.kind}:${e.metadata.namespace}/${e.metadata.name}`);
  let response = await client.queryEntities(revive(request), options);
  pages.push([names(response), response.totalItems, !!response.pageInfo.prevCursor]);
  while (response.pageInfo.nextCursor) {
    response = await client.queryEntities({ cursor: response.pageInfo.nextCursor, limit: request.limit }, options);
    pages.push([names(response), response.totalItems, !!response.pageInfo.prevCursor]);
  }
  while (response.pageInfo.prevCursor) {
    response = await client.queryEntities({ cursor: response.pageInfo.prevCursor, limit: request.limit }, options);
    pages.push([names(response), response.totalItems, !!response.pageInfo.nextCursor]);
  }
  return pages;
}

async function stream(request) {
  const pages = [];
  for await (const page of client.streamEntities(request, options)) pages.push(page.map(e => e.metadata.name));
  return pages;
}

async function send(method, path, body) {
  const url = path.replace(/@uid:(.*)$/, (_, ref) => makeUid(ref));
  const by = path.startsWith('/locations') ? process.env.CATALOG_WRITER : token;
  const headers = { authorization: `Bearer ${by}`, ...(body && { 'content-type': 'application/json' }) };
  const response = await fetch(base + url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  const link = response.headers.get('link')?.replace(/after=[^>&]*/, 'after=…');
  return { status: response.status, ...(link && { link }), body: text ? JSON.parse(text) : null };
}

function makeUid(ref) {
  const space = Buffer.from('6f1d0c0e5c395e0a9a4e6d1f5a3b7c21', 'hex');
  const bytes = createHash('sha1').update(space).update(ref).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// Every address of the file server and every id stands for itself, whatever the port and the portal.
async function callInOrder(steps) {
  const answers = [];
  const fill = text => text.replace(/@id:(\d+)/g, (_, n) => answers[n].result.location.id).replaceAll('@files', files);
  for (const [method, given] of steps)
    answers.push(await call(method, JSON.parse(fill(JSON.stringify(given))), { token: process.env.CATALOG_WRITER }));
  let text = JSON.stringify(answers);
  for (const [, target] of text.matchAll(/"target":"([^"]*)"/g)) {
    const digest = createHash('sha1').update(`url:${target}`).digest('hex');
    text = text.replaceAll(`generated-${digest}`, `generated-sha1(${target})`);
  }
  answers.forEach((answer, n) => {
    const id = answer.result?.location?.id;
    if (id && !id.startsWith('url:')) text = text.replaceAll(id, `@id:${n}`);
  });
  return JSON.parse(text.replaceAll(files, '@files'));
}

const found = { client: [], own: [], locations: [], walks: [], streams: [], raw: [] };
for (const [method, given] of wanted.client) found.client.push(await call(method, given));
for (const [method, given] of wanted.own) found.own.push(await call(method, given));
found.locations = await callInOrder(wanted.locations);
const locations = [];
for await (const page of client.streamLocations({}, options)) locations.push(page.map(one => one.type).sort());
found.streams.push(locations);
for (const request of wanted.walks) found.walks.push(await walk(request));
found.streams.push(await stream({ pageSize: 6, filter: { kind: 'component' } }));
for (const [method, path, body] of wanted.raw) found.raw.push(await send(method, path, body));
process.stdout.write(JSON.stringify(found, null, 1) + '\n');
