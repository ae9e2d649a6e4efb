# zeep with a UsernameToken: calls one operation with a password as text and as digest, and with a wrong one.
import json
import sys

from zeep import Client
from zeep.exceptions import Fault
from zeep.wsse.username import UsernameToken


def call(password, digest):
    client = Client(sys.argv[1], wsse=UsernameToken('ada', password, use_digest=digest))
    try:
        return client.bind('WeatherService', 'WeatherServiceSoap11').GetWeather(Location='Oslo')['Conditions']
    except Fault as error:
        return error.message


print(json.dumps([call('pass & <word>', False), call('pass & <word>', True), call('wrong', True)]))
