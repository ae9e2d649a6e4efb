import { readFileSync } from 'node:fs';

// The reference has a page for each name in package.json's exports: there is no second list to forget.
const { exports } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));
const entryPoints = Object.values(exports)
  .filter((target) => typeof target !== 'string')
  .map((target) => target.default.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts'));

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  entryPoints,
  readme: 'README.md',
  projectDocuments: ['docs/guides/*.md', 'docs/protocols/*.md'],
  groupOrder: ['Documents', 'Start', 'Clients', 'Servers', 'Tools', '*'],
  navigation: { includeGroups: true, includeCategories: false },

  name: 'multi-api-sdk',
  out: 'docs/api',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
  },
  requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable', 'Enum', 'Namespace'],
  intentionallyNotExported: [
    'Shared',
    'ParamNames',
    'ListenerName',
    'Routed',
    'Source',
    'Awaitable',
    'Result',
    'Writers',
    'SelectMethod',
    'Item',
    'KeysOf',
    'SelectOne',
    'FieldOf',
    'Related',
    'Flat',
    'Exactly',
  ],
  intentionallyNotDocumented: [
    'multi-api-sdk.BlogClient.createUser',
    'multi-api-sdk.BlogClient.getUser',
    'multi-api-sdk.BlogClient.getUserPosts',
    'multi-api-sdk.BlogClient.getPost',
    'multi-api-sdk.BlogClient.createPost',
    'multi-api-sdk.BlogClient.updatePost',
    'multi-api-sdk.BlogClient.deletePost',
    'multi-api-sdk.BlogClient.sendMessage',
    'multi-api-sdk.BlogClient.getWeather',
    'multi-api-sdk.BlogClient.reportTemperature',
    'multi-api-sdk/webhook.WebhookHeaders.__type.get',
    'multi-api-sdk/webhook.WebhookHeaders.__type.has',
  ],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
};
