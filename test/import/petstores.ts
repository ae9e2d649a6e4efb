/** The pet store as its public documents say it, in three versions. */

const pet = {
  type: 'object',
  required: ['name', 'photoUrls'],
  properties: {
    id: { type: 'integer', format: 'int64' },
    category: { $ref: '#/definitions/Category' },
    name: { type: 'string', example: 'doggie' },
    photoUrls: { type: 'array', items: { type: 'string' } },
    status: { type: 'string', description: 'pet status in the store', enum: ['available', 'pending', 'sold'] },
  },
};
const category = { type: 'object', properties: { id: { type: 'integer', format: 'int64' }, name: { type: 'string' } } };

export const petstore2 = {
  swagger: '2.0',
  info: { title: 'Swagger Petstore', version: '1.0.7', description: 'A sample server.' },
  host: 'petstore.example.com',
  basePath: '/v2',
  schemes: ['https', 'http'],
  securityDefinitions: {
    api_key: { type: 'apiKey', name: 'api_key', in: 'header' },
    petstore_auth: {
      type: 'oauth2',
      flow: 'implicit',
      authorizationUrl: 'https://petstore.example.com/oauth',
      scopes: { 'read:pets': 'read' },
    },
  },
  paths: {
    '/pet': {
      post: {
        tags: ['pet'],
        operationId: 'addPet',
        consumes: ['application/json', 'application/xml'],
        produces: ['application/json', 'application/xml'],
        parameters: [{ in: 'body', name: 'body', required: true, schema: { $ref: '#/definitions/Pet' } }],
        responses: { 200: { description: 'done', schema: { $ref: '#/definitions/Pet' } }, 405: { description: 'Invalid input' } },
      },
    },
    '/pet/findByStatus': {
      get: {
        operationId: 'findPetsByStatus',
        parameters: [
          {
            name: 'status',
            in: 'query',
            required: true,
            type: 'array',
            items: { type: 'string', enum: ['available', 'pending', 'sold'], default: 'available' },
            collectionFormat: 'csv',
          },
        ],
        responses: {
          200: { description: 'found', schema: { type: 'array', items: { $ref: '#/definitions/Pet' } } },
          400: { description: 'Invalid status' },
        },
      },
    },
    '/pet/{petId}': {
      get: {
        operationId: 'getPetById',
        parameters: [{ name: 'petId', in: 'path', required: true, type: 'integer', format: 'int64' }],
        responses: { 200: { description: 'found', schema: { $ref: '#/definitions/Pet' } }, 404: { description: 'Pet not found' } },
      },
      post: {
        operationId: 'updatePetWithForm',
        consumes: ['application/x-www-form-urlencoded'],
        parameters: [
          { name: 'petId', in: 'path', required: true, type: 'integer', format: 'int64' },
          { name: 'name', in: 'formData', required: false, type: 'string' },
          { name: 'status', in: 'formData', required: false, type: 'string' },
        ],
        responses: { 405: { description: 'Invalid input' } },
      },
      delete: {
        operationId: 'deletePet',
        parameters: [
          { name: 'api_key', in: 'header', required: false, type: 'string' },
          { name: 'petId', in: 'path', required: true, type: 'integer', format: 'int64' },
        ],
        responses: { 404: { description: 'Pet not found' } },
      },
    },
    '/pet/{petId}/uploadImage': {
      post: {
        operationId: 'uploadFile',
        consumes: ['multipart/form-data'],
        parameters: [
          { name: 'petId', in: 'path', required: true, type: 'integer', format: 'int64' },
          { name: 'file', in: 'formData', required: true, type: 'file' },
        ],
        responses: { 200: { description: 'done' } },
      },
    },
  },
  definitions: { Pet: pet, Category: category },
};

const idParameter = { name: 'petId', in: 'path', required: true, schema: { type: 'integer', format: 'int64' } };
const petContent = { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } };

export const petstore3 = {
  openapi: '3.0.2',
  info: { title: 'Swagger Petstore - OpenAPI 3.0', version: '1.0.6' },
  servers: [{ url: 'https://{region}.petstore.example.com/v3', variables: { region: { default: 'eu' } } }],
  paths: {
    '/pet': {
      post: {
        operationId: 'addPet',
        requestBody: { required: true, content: petContent },
        responses: { 200: { description: 'done', content: petContent }, 422: { description: 'Validation failed' } },
      },
    },
    '/pet/findByStatus': {
      get: {
        operationId: 'findPetsByStatus',
        parameters: [{ name: 'status', in: 'query', required: true, explode: true, schema: { type: 'array', items: { type: 'string' } } }],
        responses: {
          200: {
            description: 'found',
            content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Pet' } } } },
          },
        },
      },
    },
    '/pet/{petId}': {
      parameters: [idParameter],
      get: {
        operationId: 'getPetById',
        responses: { 200: { description: 'found', content: petContent }, 404: { description: 'Pet not found' } },
      },
      post: {
        operationId: 'updatePetWithForm',
        requestBody: {
          content: {
            'application/x-www-form-urlencoded': {
              schema: { type: 'object', properties: { name: { type: 'string' }, status: { type: 'string' } } },
            },
          },
        },
        responses: { 200: { description: 'done' } },
      },
      delete: {
        operationId: 'deletePet',
        parameters: [{ name: 'api_key', in: 'header', schema: { type: 'string' } }],
        responses: { 204: { description: 'gone' } },
      },
    },
    '/pet/{petId}/uploadImage': {
      post: {
        operationId: 'uploadFile',
        parameters: [idParameter],
        requestBody: {
          content: { 'multipart/form-data': { schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } } } },
        },
        responses: { 200: { description: 'done' } },
      },
    },
  },
  components: {
    securitySchemes: { api_key: { type: 'apiKey', name: 'api_key', in: 'header' } },
    schemas: {
      Pet: { ...pet, properties: { ...pet.properties, category: { $ref: '#/components/schemas/Category' } } },
      Category: category,
    },
  },
};

export const petstore31 = {
  ...petstore3,
  openapi: '3.1.0',
  jsonSchemaDialect: 'https://spec.openapis.org/oas/3.1/dialect/base',
  components: {
    ...petstore3.components,
    schemas: {
      ...petstore3.components.schemas,
      Category: { type: ['object', 'null'], properties: { id: { type: ['integer', 'null'] }, name: { const: 'dogs' } } },
    },
  },
};
