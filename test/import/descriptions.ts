/** Small forms of descriptions as they are found, written anew: each has the habits of its kind. */

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
