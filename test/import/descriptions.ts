/** Small forms of descriptions as they are found, written anew: each has the habits of its kind. */

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

/** Media types of its own, slashes in ids, nulls, unions in lists, and far more than anybody wants. */
export const gitHubLike = `
openapi: 3.0.3
info: { title: GitHub v3 REST API, version: 1.1.4 }
servers: [{ url: https://api.github.example.com }]
paths:
  /repos/{owner}/{repo}/issues:
    parameters:
      - $ref: '#/components/parameters/owner'
      - $ref: '#/components/parameters/repo'
    get:
      operationId: issues/list-for-repo
      parameters:
        - { name: state, in: query, schema: { type: string, enum: [open, closed, all], default: open } }
        - { name: since, in: query, schema: { type: string, format: date-time } }
      responses:
        '200': { description: Response, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/issue' } } } } }
        '301': { $ref: '#/components/responses/moved' }
    post:
      operationId: issues/create
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [title]
              properties:
                title: { oneOf: [{ type: string }, { type: integer }] }
                labels:
                  type: array
                  items:
                    oneOf:
                      - { type: string }
                      - { type: object, properties: { name: { type: string }, color: { type: string, nullable: true } } }
      responses:
        '201': { description: Response, content: { application/json: { schema: { $ref: '#/components/schemas/issue' } } } }
        '422': { description: Validation failed }
  /repos/{owner}/{repo}/compare/{base}...{head}:
    get:
      operationId: compare-commits
      parameters:
        - $ref: '#/components/parameters/owner'
        - $ref: '#/components/parameters/repo'
        - { name: base, in: path, required: true, schema: { type: string } }
        - { name: head, in: path, required: true, schema: { type: string } }
      responses:
        '200': { description: Response, content: { application/json: { schema: { type: object } } } }
  /unused:
    get:
      operationId: unused/get
      responses: { '200': { description: x, content: { application/json: { schema: { $ref: '#/components/schemas/unused' } } } } }
components:
  securitySchemes: { bearer: { type: http, scheme: bearer } }
  parameters:
    owner: { name: owner, in: path, required: true, schema: { type: string } }
    repo: { name: repo, in: path, required: true, schema: { type: string } }
  responses:
    moved: { description: Moved permanently }
  schemas:
    simple-user: { title: Simple User, type: object, required: [login], properties: { login: { type: string }, url: { type: string, format: uri } } }
    nullable-simple-user: { allOf: [{ $ref: '#/components/schemas/simple-user' }], nullable: true }
    issue:
      title: Issue
      type: object
      required: [id, title, user]
      properties:
        id: { type: integer, format: int64 }
        title: { type: string }
        user: { $ref: '#/components/schemas/nullable-simple-user' }
        labels: { type: array, items: { oneOf: [{ type: string }, { $ref: '#/components/schemas/label' }] } }
        parent: { $ref: '#/components/schemas/issue' }
    label: { type: object, properties: { name: { type: string }, issues: { type: array, items: { $ref: '#/components/schemas/issue' } } } }
    unused: { type: object, properties: { x: { type: string } } }
`;

/** Forms with nested members, unions of ids and objects, metadata. */
export const stripeLike = {
  openapi: '3.0.0',
  info: { title: 'Stripe API', version: '2026-08-27.basil' },
  servers: [{ url: 'https://api.stripe.example.com/' }],
  paths: {
    '/v1/charges': {
      post: {
        operationId: 'PostCharges',
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              encoding: { metadata: { explode: true, style: 'deepObject' } },
              schema: {
                type: 'object',
                required: ['amount'],
                properties: {
                  amount: { type: 'integer' },
                  expand: { type: 'array', items: { type: 'string', maxLength: 5000 } },
                  metadata: {
                    anyOf: [
                      { type: 'object', additionalProperties: { type: 'string' } },
                      { type: 'string', enum: [''] },
                    ],
                  },
                },
              },
            },
          },
        },
        responses: {
          200: { description: 'ok', content: { 'application/json': { schema: { $ref: '#/components/schemas/charge' } } } },
          default: { description: 'Error', content: { 'application/json': { schema: { $ref: '#/components/schemas/error' } } } },
        },
      },
    },
  },
  components: {
    securitySchemes: { basicAuth: { type: 'http', scheme: 'basic', description: 'The key is the user name.' } },
    schemas: {
      charge: {
        type: 'object',
        required: ['id', 'object'],
        properties: {
          id: { type: 'string' },
          object: { type: 'string', enum: ['charge'] },
          customer: {
            nullable: true,
            anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/customer' }, { $ref: '#/components/schemas/deleted_customer' }],
            'x-expansionResources': { oneOf: [{ $ref: '#/components/schemas/customer' }] },
          },
        },
      },
      customer: {
        type: 'object',
        required: ['object'],
        properties: { object: { enum: ['customer'] }, default_charge: { $ref: '#/components/schemas/charge' } },
      },
      deleted_customer: { type: 'object', required: ['deleted'], properties: { deleted: { type: 'boolean', enum: [true] } } },
      error: { type: 'object' },
    },
  },
};

/** Full names with dots, unions of texts and numbers without a type, and HTTP/1.1's oddities. */
export const kubernetesLike = {
  swagger: '2.0',
  info: { title: 'Kubernetes', version: 'v1.34.0' },
  paths: {
    '/api/v1/namespaces/{namespace}/pods': {
      parameters: [{ name: 'namespace', in: 'path', required: true, type: 'string', uniqueItems: true }],
      get: {
        operationId: 'listCoreV1NamespacedPod',
        consumes: ['*/*'],
        produces: ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/json;stream=watch'],
        parameters: [{ name: 'limit', in: 'query', type: 'integer', uniqueItems: true }],
        responses: {
          200: { description: 'OK', schema: { $ref: '#/definitions/io.k8s.api.core.v1.PodList' } },
          401: { description: 'Unauthorized' },
        },
      },
      post: {
        operationId: 'createCoreV1NamespacedPod',
        consumes: ['*/*'],
        parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } }],
        responses: {
          200: { description: 'OK', schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } },
          202: { description: 'Accepted', schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } },
        },
      },
    },
  },
  securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer Token authentication' } },
  definitions: {
    'io.k8s.api.core.v1.PodList': {
      type: 'object',
      required: ['items'],
      properties: {
        kind: { type: 'string' },
        items: { type: 'array', items: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } },
        metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta' },
      },
    },
    'io.k8s.api.core.v1.Pod': {
      type: 'object',
      properties: {
        metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        port: { $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString' },
      },
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta': { type: 'object', properties: { continue: { type: 'string' } } },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': {
      type: 'object',
      properties: {
        name: { type: 'string' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time' },
      },
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time' },
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
  },
};

/** drf-spectacular's habits: read-only members that are required, blank choices, nested managers. */
export const djangoLike = `
openapi: 3.0.3
info: { title: Users, version: 0.0.0 }
paths:
  /users/:
    post:
      operationId: users_create
      tags: [users]
      requestBody:
        content:
          application/json: { schema: { $ref: '#/components/schemas/User' } }
          application/x-www-form-urlencoded: { schema: { $ref: '#/components/schemas/User' } }
          multipart/form-data: { schema: { $ref: '#/components/schemas/User' } }
        required: true
      security: [{ cookieAuth: [] }, { tokenAuth: [] }]
      responses:
        '201': { content: { application/json: { schema: { $ref: '#/components/schemas/User' } } }, description: '' }
components:
  schemas:
    BlankEnum: { enum: [''] }
    RoleEnum: { type: string, enum: [admin, user], description: "* \`admin\` - Admin" }
    User:
      type: object
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, maxLength: 150 }
        role: { oneOf: [{ $ref: '#/components/schemas/RoleEnum' }, { $ref: '#/components/schemas/BlankEnum' }] }
        manager: { allOf: [{ $ref: '#/components/schemas/User' }], readOnly: true, nullable: true }
        password: { type: string, writeOnly: true }
        friends: { type: array, items: { $ref: '#/components/schemas/User' } }
      required: [id, name, manager]
  securitySchemes:
    cookieAuth: { type: apiKey, in: cookie, name: sessionid }
    tokenAuth: { type: apiKey, in: header, name: Authorization, description: Token-based }
`;

/** Ids that repeat the path, nulls by anyOf, titles everywhere. */
export const fastApiLike = {
  openapi: '3.1.0',
  info: { title: 'FastAPI', version: '0.1.0' },
  paths: {
    '/items/{item_id}': {
      get: {
        summary: 'Read Item',
        operationId: 'read_item_items__item_id__get',
        parameters: [
          { name: 'item_id', in: 'path', required: true, schema: { type: 'integer', title: 'Item Id' } },
          { name: 'q', in: 'query', required: false, schema: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Q' } },
        ],
        responses: {
          200: { description: 'Successful Response', content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } },
          422: {
            description: 'Validation Error',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/HTTPValidationError' } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Item: {
        title: 'Item',
        type: 'object',
        required: ['item_id'],
        properties: {
          item_id: { type: 'integer', title: 'Item Id' },
          tags: { type: 'array', uniqueItems: true, items: { type: 'string' }, default: [], title: 'Tags' },
          point: { prefixItems: [{ type: 'number' }, { type: 'number' }], type: 'array', minItems: 2, maxItems: 2 },
          shape: {
            oneOf: [{ $ref: '#/components/schemas/Circle' }, { $ref: '#/components/schemas/Square' }],
            discriminator: {
              propertyName: 'kind',
              mapping: { circle: '#/components/schemas/Circle', square: '#/components/schemas/Square' },
            },
          },
        },
      },
      Circle: { type: 'object', required: ['kind', 'r'], properties: { kind: { type: 'string', const: 'circle' }, r: { type: 'number' } } },
      Square: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { type: 'string' }, inner: { $ref: '#/components/schemas/Item' } },
      },
      HTTPValidationError: { type: 'object' },
    },
  },
};

/** Bodies that are not JSON: files, forms with files, streams. */
export const mediaLike = `
openapi: 3.2.0
info: { title: Media, version: 1.0.0 }
paths:
  /blobs/{key}:
    put:
      operationId: putBlob
      parameters: [{ name: key, in: path, required: true, schema: { type: string } }]
      requestBody: { required: true, content: { application/octet-stream: {} } }
      responses: { '200': { description: Stored, content: { application/json: { schema: { type: object, required: [size], properties: { size: { type: integer } } } } } } }
  /report:
    get:
      operationId: getReport
      responses: { '200': { description: The report, content: { application/pdf: { schema: { type: string, format: binary } } } } }
  /avatar:
    post:
      operationId: setAvatar
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema: { type: object, required: [image], properties: { image: {}, tags: { type: array, items: { type: string } } } }
            encoding: { image: { contentType: 'image/png, image/jpeg' } }
      responses: { '204': { description: Done } }
  /complete:
    post:
      operationId: complete
      requestBody: { content: { application/json: { schema: { type: object, properties: { prompt: { type: string } } } } } }
      responses: { '200': { description: Pieces, content: { text/event-stream: { itemSchema: { type: object, required: [data], properties: { data: { type: string, contentMediaType: application/json, contentSchema: { $ref: '#/components/schemas/Piece' } } } } } } } }
  /tail:
    get:
      operationId: tail
      responses: { '200': { description: Lines, content: { application/jsonl: { itemSchema: { type: object, required: [line], properties: { line: { type: integer } } } } } } }
components:
  schemas:
    Piece: { type: object, required: [text], properties: { text: { type: string } } }
`;

/** As .NET writes them: a WSDL, and the schema that it imports. */
export const partsWsdl = {
  wsdl: `<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:parts" targetNamespace="urn:parts">
  <wsdl:types><s:schema targetNamespace="urn:types"><s:import namespace="urn:parts" schemaLocation="parts.xsd"/></s:schema></wsdl:types>
  <wsdl:message name="GetNodeIn"><wsdl:part name="parameters" element="t:GetNode"/></wsdl:message>
  <wsdl:message name="GetNodeOut"><wsdl:part name="parameters" element="t:GetNodeResponse"/></wsdl:message>
  <wsdl:message name="PingIn"><wsdl:part name="parameters" element="t:Ping"/></wsdl:message>
  <wsdl:message name="PingOut"><wsdl:part name="parameters" element="t:PingResponse"/></wsdl:message>
  <wsdl:message name="QueryIn"><wsdl:part name="parameters" element="t:Query"/></wsdl:message>
  <wsdl:message name="QueryOut"><wsdl:part name="parameters" element="t:QueryResponse"/></wsdl:message>
  <wsdl:message name="PayIn"><wsdl:part name="session" element="t:Session"/><wsdl:part name="parameters" element="t:Pay"/></wsdl:message>
  <wsdl:message name="PayOut"><wsdl:part name="parameters" element="t:PayResponse"/></wsdl:message>
  <wsdl:message name="RefusedFault"><wsdl:part name="fault" element="t:Refused"/></wsdl:message>
  <wsdl:message name="SayIn"><wsdl:part name="parameters" element="t:Say"/></wsdl:message>
  <wsdl:portType name="P">
    <wsdl:operation name="GetNode"><wsdl:documentation>Finds a part.</wsdl:documentation><wsdl:input message="t:GetNodeIn"/><wsdl:output message="t:GetNodeOut"/></wsdl:operation>
    <wsdl:operation name="Ping"><wsdl:input message="t:PingIn"/><wsdl:output message="t:PingOut"/></wsdl:operation>
    <wsdl:operation name="Query"><wsdl:input message="t:QueryIn"/><wsdl:output message="t:QueryOut"/></wsdl:operation>
    <wsdl:operation name="Say"><wsdl:input message="t:SayIn"/></wsdl:operation>
    <wsdl:operation name="Pay"><wsdl:input message="t:PayIn"/><wsdl:output message="t:PayOut"/><wsdl:fault name="Refused" message="t:RefusedFault"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="GetNode"><soap:operation soapAction="urn:partsGetNode"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Ping"><soap:operation soapAction="urn:partsPing"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Query"><soap:operation soapAction="urn:partsQuery"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Say"><soap:operation soapAction="urn:partsSay"/><wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation>
    <wsdl:operation name="Pay"><soap:operation soapAction="urn:partsPay"/><wsdl:input><soap:header message="t:PayIn" part="session" use="literal"/><soap:body use="literal" parts="parameters"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="B12" type="t:P"><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Ping"><soap12:operation soapAction="urn:partsPing"/><wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
  <wsdl:service name="Parts"><wsdl:port name="PSoap12" binding="t:B12"><soap12:address location="http://localhost/p"/></wsdl:port><wsdl:port name="PSoap" binding="t:B"><soap:address location="http://localhost/p"/></wsdl:port></wsdl:service>
</wsdl:definitions>`,
  xsd: `<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:parts" elementFormDefault="qualified" targetNamespace="urn:parts">
    <s:simpleType name="Colour"><s:restriction base="s:string"><s:enumeration value="Red"/><s:enumeration value="Light Blue"/></s:restriction></s:simpleType>
    <s:simpleType name="Code"><s:restriction base="s:string"><s:pattern value="[A-Z]{2}\\d+"/><s:maxLength value="8"/></s:restriction></s:simpleType>
    <s:complexType name="Node"><s:annotation><s:documentation>A part, and the parts
      of it.</s:documentation></s:annotation><s:sequence>
      <s:element name="Name" type="s:string" nillable="true"/><s:element name="Colour" type="t:Colour" minOccurs="0"/>
      <s:element name="Parts" type="t:ArrayOfNode" minOccurs="0"/><s:element name="Tag" type="s:string" minOccurs="0" maxOccurs="unbounded"/>
      <s:choice><s:element name="Weight" type="s:decimal"/><s:element name="Count" type="s:unsignedShort"/></s:choice></s:sequence>
      <s:attribute name="Id" type="s:long" use="required"/><s:attribute name="name" type="s:string"/></s:complexType>
    <s:complexType name="ArrayOfNode"><s:sequence><s:element name="Node" type="t:Node" nillable="true" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
    <s:element name="GetNode"><s:complexType><s:sequence><s:element name="code" type="t:Code"/><s:element name="at" type="s:dateTime" minOccurs="0"/></s:sequence></s:complexType></s:element>
    <s:element name="GetNodeResponse"><s:complexType><s:sequence><s:element name="GetNodeResult" type="t:Node" minOccurs="0"/></s:sequence></s:complexType></s:element>
    <s:element name="Ping"><s:complexType/></s:element>
    <s:element name="PingResponse"><s:complexType/></s:element>
    <s:element name="Query"><s:complexType><s:sequence><s:element name="sql" type="s:string"/></s:sequence></s:complexType></s:element>
    <s:element name="QueryResponse"><s:complexType><s:sequence><s:element name="QueryResult" minOccurs="0"><s:complexType><s:sequence><s:element ref="s:schema"/><s:any/></s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
    <s:element name="Say" type="s:string"/>
      <s:complexType name="Means" abstract="true"><s:sequence><s:element name="Amount" type="t:Money"/></s:sequence></s:complexType>
    <s:complexType name="Card"><s:complexContent><s:extension base="t:Means"><s:sequence><s:element name="Number" type="s:string"/></s:sequence></s:extension></s:complexContent></s:complexType>
    <s:complexType name="Cash"><s:complexContent><s:extension base="t:Means"/></s:complexContent></s:complexType>
    <s:complexType name="Money"><s:simpleContent><s:extension base="s:decimal"><s:attribute name="currency" type="s:string" use="required"/></s:extension></s:simpleContent></s:complexType>
    <s:complexType name="Lines"><s:sequence><s:element name="Line" type="t:Line" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
    <s:complexType name="Line"><s:sequence><s:element name="Sku" type="s:string"/><s:element name="Quantity" type="s:int"/></s:sequence></s:complexType>
    <s:element name="Session"><s:complexType><s:sequence><s:element name="Token" type="s:string"/></s:sequence></s:complexType></s:element>
    <s:element name="Refused" type="s:string"/>
    <s:element name="Pay"><s:complexType><s:sequence><s:element name="Lines" type="t:Lines"/><s:element name="Means" type="t:Means"/></s:sequence></s:complexType></s:element>
    <s:element name="PayResponse"><s:complexType><s:sequence><s:element name="Receipt" type="s:string"/><s:element name="Paid" type="s:dateTime"/></s:sequence></s:complexType></s:element>
  </s:schema>`,
};

/** AWS' habits: operations of one path that differ by a fragment and by a header, and names of parameters that differ. */
export const awsLike = {
  openapi: '3.0.0',
  info: { title: 'Keys', version: '2014-11-01' },
  paths: {
    ...Object.fromEntries(
      ['ListKeys', 'DropKeys'].map((target) => [
        `/#X-Amz-Target=Keys.${target}`,
        {
          post: {
            operationId: target,
            parameters: [{ name: 'X-Amz-Target', in: 'header', required: true, schema: { type: 'string', enum: [`Keys.${target}`] } }],
            requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', properties: { Limit: { type: 'integer' } } } } } },
            responses: { 200: { description: 'ok', content: { 'application/json': { schema: { type: 'object', properties: { Keys: { type: 'array', items: { type: 'string' } } } } } } } },
          },
        },
      ]),
    ),
    '/tags/{arn}#tagKeys': { delete: { operationId: 'untag', parameters: [{ name: 'arn', in: 'path', required: true, schema: { type: 'string' } }, { name: 'tagKeys', in: 'query', required: true, schema: { type: 'array', items: { type: 'string', pattern: '^[\\p{Alnum}]*$' } } }], responses: { 204: { description: 'gone' } } } },
    '/tags/{id}': { delete: { operationId: 'dropTags', parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }], responses: { 204: { description: 'gone' } } } },
  },
}; // prettier-ignore
