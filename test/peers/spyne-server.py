# A SOAP 1.1 server that we did not write: spyne, on the standard library's WSGI server. Prints its port.
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, Array, ComplexModel, Fault, Integer, Iterable, ServiceBase, Unicode, Decimal, Boolean, rpc
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

NAMESPACE = 'urn:foreign.weather'


class Day(ComplexModel):
    __namespace__ = NAMESPACE
    Day = Integer
    Code = Unicode
    High = Decimal
    Rain = Boolean


class Forecast(ComplexModel):
    __namespace__ = NAMESPACE
    City = Unicode
    Station = Unicode
    Days = Array(Day)


class WeatherService(ServiceBase):
    @rpc(Unicode, Integer, _returns=Forecast)
    def GetForecast(ctx, CityName, NumberOfDays):
        if CityName == 'Atlantis':
            raise Fault(faultcode='Client.NotFound', faultstring='no such city: <Atlantis> & co')
        if CityName == 'Crash':
            raise ValueError('a secret')
        days = [Day(Day=n, Code='00%d' % n, High='12.50', Rain=n % 2 == 0) for n in range(1, NumberOfDays + 1)]
        return Forecast(City=CityName, Station=None, Days=days)

    @rpc(Unicode, _returns=Iterable(Unicode))
    def ListCities(ctx, Prefix):
        return [city for city in ('London', 'Lisbon', 'Paris') if city.startswith(Prefix)]

    @rpc(Unicode, _returns=Unicode)
    def Echo(ctx, Text):
        return Text


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


protocol = Soap12 if sys.argv[1:] == ['1.2'] else Soap11
application = Application([WeatherService], NAMESPACE, in_protocol=protocol(), out_protocol=protocol())
server = make_server('127.0.0.1', 0, WsgiApplication(application), handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
