# A typed fault, as zeep sees it: the elements of its detail by name, each read by the WSDL.
import json
import sys

from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

url, version = sys.argv[1], sys.argv[2]
client = Client(url, settings=Settings(strict=True))
service = client.bind('ShopService', f'ShopServiceSoap{version}')
try:
    service.Order(Item='lamp', Count=4)
    print('null')
except Fault as error:
    detail = {}
    for element in error.detail:
        parsed = client.get_element(element.tag).parse(element, client.wsdl.types)
        detail[element.tag.split('}')[1]] = json.loads(json.dumps(serialize_object(parsed, dict), default=str))
    print(json.dumps({'message': error.message, 'detail': detail}))
