# A SOAP client that we did not write: zeep. Calls every operation of the blog from its WSDL, in one version, and prints what it got as JSON.
import json
import sys

from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

url, version = sys.argv[1], sys.argv[2]
client = Client(url, settings=Settings(strict=True))


def service(name):
    return client.bind(f'{name}Service', f'{name}ServiceSoap{version}')


def plain(value):
    return json.loads(json.dumps(serialize_object(value, dict), default=str))


def fault(call):
    try:
        return plain(call())
    except Fault as error:
        detail = error.detail[0] if error.detail is not None and len(error.detail) else None
        typed = None
        if detail is not None:
            element = client.get_element(detail.tag)
            typed = plain(element.parse(detail, client.wsdl.types))
        return {'fault': error.code.split(':')[-1], 'message': error.message, 'detail': typed}


user, post, chat, weather, sensor = (service(name) for name in ('User', 'Post', 'Chat', 'Weather', 'Sensor'))
created = post.CreatePost(AuthorId=123, Title='<Hello> & ]]> 😀', Content='two\nlines')
print(
    json.dumps(
        {
            'getUser': plain(user.GetUser(Id=123)),
            'createUser': plain(user.CreateUser(Username='ada', Email='ada@example.com')),
            'getUserPosts': plain(post.GetUserPosts(UserId=123, Limit=2)),
            'onePost': plain(post.GetUserPosts(UserId=123, Limit=1, After=1)),
            'noPosts': plain(post.GetUserPosts(UserId=123, After=99)),
            'createPost': plain(created),
            'getPost': plain(post.GetPost(Id=created['Id'])),
            'updatePost': plain(post.UpdatePost(Id=created['Id'], Title='New')),
            'deletePost': plain(post.DeletePost(Id=created['Id'])),
            'sendMessage': plain(chat.SendMessage(Sender='zeep', Message=' a <b> & "c" ')),
            'getWeather': plain(weather.GetWeather(Location='London')),
            'reportTemperature': plain(sensor.ReportTemperature(SensorId='roof', Celsius=21.5)),
            'notFound': fault(lambda: user.GetUser(Id=9)),
            'invalid': fault(lambda: post.GetUserPosts(UserId=123, Limit=1000)),
            'exists': fault(lambda: user.CreateUser(Username='john_doe', Email='x@example.com')),
        }
    )
)
