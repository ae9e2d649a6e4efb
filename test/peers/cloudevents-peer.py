"""A peer that reads and writes CloudEvents 1.0 by the letter of the specification, read by hand.

receive          an HTTP endpoint: prints its port, then each event as JSON; answers the webhook handshake
stream URL       reads one event from a stream of server-sent events and prints it
socket URL             speaks cloudevents.json: writes one event, prints the event that comes back (needs python3-websockets)
post URL SECRET MODE   sends an event to a receiver, signed by the Standard Webhooks specification
"""
import asyncio, base64, datetime, hashlib, hmac, json, re, sys, time, urllib.parse, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

REQUIRED = ['id', 'source', 'specversion', 'type']
CORE = set(REQUIRED) | {'datacontenttype', 'dataschema', 'subject', 'time'}


def check(attributes, data):
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes"""
    for name in REQUIRED:
        assert isinstance(attributes.get(name), str) and attributes[name] != '', f'{name} is missing'
    assert attributes['specversion'] == '1.0'
    for name, value in attributes.items():
        assert re.fullmatch('[a-z0-9]+', name), f'bad name {name}'
        assert isinstance(value, str), f'{name} is not text'
        assert not re.search('[\x00-\x1f\x7f-\x9f]', value), f'{name} has control characters'
    urllib.parse.urlsplit(attributes['source'])
    if 'time' in attributes:
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)', attributes['time']), 'time is not RFC 3339'
        datetime.datetime.fromisoformat(attributes['time'].replace('Z', '+00:00'))
    if 'subject' in attributes:
        assert attributes['subject'] != ''
    if 'dataschema' in attributes:
        assert urllib.parse.urlsplit(attributes['dataschema']).scheme != ''
    assert attributes.get('datacontenttype', 'application/json').startswith('application/json')
    return {'attributes': attributes, 'data': data}


def structured(text):
    value = json.loads(text)
    assert not ('data' in value and 'data_base64' in value)
    data = value.pop('data')
    return check(value, data)


def unescape(value):
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', value)
    if quoted:
        value = re.sub(r'\\(.)', r'\1', quoted[1])
    assert re.fullmatch('[\x21-\x7e]*', value), 'a header has characters that must be escaped'
    return urllib.parse.unquote(value, errors='strict')


def binary(headers, text):
    attributes = {name.lower()[3:]: unescape(value) for name, value in headers.items() if name.lower().startswith('ce-')}
    assert 'datacontenttype' not in attributes, 'ce-datacontenttype must not be there'
    return check({**attributes, 'datacontenttype': headers['content-type']}, json.loads(text))


class Endpoint(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('content-length', '0')
        self.end_headers()

    def do_OPTIONS(self):
        origin = self.headers['WebHook-Request-Origin']
        self.answer(200, [('Allow', 'POST'), ('WebHook-Allowed-Origin', origin), ('WebHook-Allowed-Rate', '600')])

    def do_POST(self):
        text = self.rfile.read(int(self.headers['content-length'])).decode()
        try:
            content = self.headers['content-type']
            event = structured(text) if content.startswith('application/cloudevents+json') else binary(self.headers, text)
            print(json.dumps({**event, 'origin': self.headers['WebHook-Request-Origin']}), flush=True)
        except Exception as error:
            print(json.dumps({'error': repr(error)}), flush=True)
        self.answer(204)


def stream(url):
    with urllib.request.urlopen(urllib.request.Request(url, headers={'accept': 'text/event-stream'}), timeout=20) as response:
        print('open', flush=True)
        for line in response:
            if line.startswith(b'data: {"specversion"'):
                return print(json.dumps(structured(line[6:].decode())), flush=True)


async def socket(url):
    from websockets import connect

    async with connect(url, subprotocols=['cloudevents.json']) as ws:
        assert ws.subprotocol == 'cloudevents.json'
        sale = {'store': 'oslo', 'price': 7}
        await ws.send(json.dumps({'specversion': '1.0', 'id': 'py-2', 'source': '//till/7', 'type': 'item.sold', 'data': sale}))
        print(json.dumps(structured(await ws.recv())), flush=True)


def post(url, secret, mode):
    attributes = {'specversion': '1.0', 'id': 'py-1', 'source': '//till/7', 'type': 'item.sold', 'time': '2026-03-04T05:06:07+01:00', 'subject': 'Tromsø %'}
    data = {'store': 'oslo', 'price': 12}
    if mode == 'structured':
        headers = {'content-type': 'application/cloudevents+json; charset=utf-8'}
        body = json.dumps({**attributes, 'data_base64': base64.b64encode(json.dumps(data).encode()).decode()})
    else:
        headers = {f'ce-{name}': urllib.parse.quote(value, safe="/:;,+@&=$!*'()") for name, value in attributes.items()}
        headers['content-type'] = 'application/json'
        body = json.dumps(data)
    at = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix('whsec_'))
    digest = base64.b64encode(hmac.new(key, f'py-{mode}.{at}.{body}'.encode(), hashlib.sha256).digest()).decode()
    signed = {'webhook-id': f'py-{mode}', 'webhook-timestamp': at, 'webhook-signature': f'v1,{digest}'}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), {**headers, **signed}), timeout=20) as response:
        print(response.status, flush=True)


if sys.argv[1] == 'receive':
    server = HTTPServer(('127.0.0.1', 0), Endpoint)
    print(server.server_port, flush=True)
    server.serve_forever()
elif sys.argv[1] == 'stream':
    stream(sys.argv[2])
elif sys.argv[1] == 'socket':
    asyncio.run(socket(sys.argv[2]))
else:
    post(*sys.argv[2:])
