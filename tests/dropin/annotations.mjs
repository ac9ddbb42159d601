// What Backstage's AnnotateLocationEntityProcessor computes for files at addresses, to write
// `annotations.json` down; no test runs it. Beside oracle.mjs: node annotations.mjs > annotations.json
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const { ScmIntegrations } = require('@backstage/integration');
const { ConfigReader } = require('@backstage/config');
const { AnnotateLocationEntityProcessor } = require(require.resolve('@backstage/plugin-catalog-backend').replace(/index\.cjs\.js$/, 'processors/AnnotateLocationEntityProcessor.cjs.js'));

const commit = '0123456789abcdef0123456789abcdef01234567';
const addresses = [
  'https://github.com/harbour/gates/blob/main/catalog-info.yaml',
  'https://github.com/harbour/gates/blob/main/services/lock/catalog-info.yaml',
  `https://github.com/harbour/gates/blob/${commit}/catalog-info.yaml`,
  'https://github.acme.example/harbour/gates/blob/main/a%20b/c.yaml',
  'https://gitlab.com/harbour/boats/rower/-/blob/main/catalog-info.yaml',
  'https://gitlab.com/harbour/boats/rower/-/blob/main/deep/er/catalog-info.yaml',
  'https://gitea.acme.example/harbour/gates/src/branch/main/deep/catalog-info.yaml',
  'https://bitbucket.org/harbour/gates/src/main/deep/catalog-info.yaml',
  'https://raw.githubusercontent.com/harbour/gates/main/catalog-info.yaml',
  'https://files.acme.example/catalog/gates.yaml',
  'https://files.acme.example/catalog/gates.yaml?version=2',
];
const integrations = ScmIntegrations.fromConfig(new ConfigReader({
  integrations: {
    github: [{ host: 'github.com' }, { host: 'github.acme.example', apiBaseUrl: 'https://github.acme.example/api/v3' }],
    gitea: [{ host: 'gitea.acme.example' }],
  },
}));
const processor = new AnnotateLocationEntityProcessor({ integrations });
const found = [];
for (const target of addresses) {
  const location = { type: 'url', target };
  const entity = await processor.preProcessEntity({ metadata: {} }, location, () => {}, location);
  found.push([target, entity.metadata.annotations]);
}
process.stdout.write(`[\n${found.map(one => JSON.stringify(one)).join(',\n')}\n]\n`);
