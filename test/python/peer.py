"""Calls the Blog service as somebody else's program does: Python's grpcio with stubs that protoc made of the published .proto.

Usage: peer.py <folder of the stubs> <address> <command>. Prints one JSON document.
"""
import json
import sys
import threading

sys.path.insert(0, sys.argv[1])
import grpc
from google.protobuf import struct_pb2, empty_pb2
from blog.v1 import blog_pb2 as pb, blog_pb2_grpc as rpc

channel = grpc.insecure_channel(sys.argv[2])
users, posts, chat = rpc.UserServiceStub(channel), rpc.PostServiceStub(channel), rpc.ChatServiceStub(channel)
weather, sensors, articles = rpc.WeatherServiceStub(channel), rpc.SensorServiceStub(channel), rpc.ArticleServiceStub(channel)
TIMEOUT = 10


def plain(message):
    from google.protobuf.json_format import MessageToDict
    return MessageToDict(message, preserving_proto_field_name=True)


def failure(call):
    """The status of a call that fails, and what its google.rpc.Status holds."""
    try:
        call()
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata() or ())
        return {"code": error.code().name, "message": error.details(), "status": status(trailers.get("grpc-status-details-bin"))}
    return {"code": "OK"}


def status(data):
    if data is None:
        return None
    sys.path.insert(0, sys.argv[1] + "/rpc")
    from google_rpc_pb2 import Status, BadRequest, ErrorInfo, RetryInfo, RequestInfo
    message = Status.FromString(data)
    known = {"google.rpc.BadRequest": BadRequest, "google.rpc.ErrorInfo": ErrorInfo, "google.rpc.RetryInfo": RetryInfo,
             "google.rpc.RequestInfo": RequestInfo, "google.protobuf.Struct": struct_pb2.Struct}
    details = {}
    for detail in message.details:
        name = detail.type_url.split("/")[-1]
        details[name] = plain(known[name].FromString(detail.value))
    return {"code": message.code, "message": message.message, "details": details, "bytes": len(data)}


def calls():
    out = {}
    out["user"] = plain(users.GetUser(pb.GetUserRequest(id="123"), timeout=TIMEOUT))
    out["created"] = plain(users.CreateUser(pb.CreateUserRequest(name="John Doe", email="john.doe@example.com"), timeout=TIMEOUT))
    out["posts"] = [post.title for post in posts.GetUserPosts(pb.GetUserPostsRequest(user_id="123", limit=2), timeout=TIMEOUT).posts]
    out["all"] = len(posts.GetUserPosts(pb.GetUserPostsRequest(user_id="123"), timeout=TIMEOUT).posts)
    created = posts.CreatePost(pb.CreatePostRequest(author_id="123", title="Hello", content="World"), timeout=TIMEOUT)
    out["updated"] = plain(posts.UpdatePost(pb.UpdatePostRequest(id=created.id, title="Bye"), timeout=TIMEOUT))
    out["read"] = posts.GetPost(pb.GetPostRequest(id=created.id), timeout=TIMEOUT).title
    out["deleted"] = isinstance(posts.DeletePost(pb.DeletePostRequest(id=created.id), timeout=TIMEOUT), empty_pb2.Empty)
    out["said"] = plain(chat.SendMessage(pb.SendMessageRequest(sender="python", message="hi"), timeout=TIMEOUT))
    out["weather"] = plain(weather.GetWeather(pb.GetWeatherRequest(location="London"), timeout=TIMEOUT))
    out["reading"] = plain(sensors.ReportTemperature(pb.ReportTemperatureRequest(sensor_id="roof", celsius=21.5), timeout=TIMEOUT))
    return out


def errors():
    wrong = channel.unary_unary("/blog.v1.UserService/Nothing", request_serializer=lambda data: data, response_deserializer=lambda data: data)
    raw = channel.unary_unary("/blog.v1.UserService/GetUser", request_serializer=lambda data: data, response_deserializer=pb.User.FromString)
    return {
        "missing": failure(lambda: users.GetUser(pb.GetUserRequest(id="7"), timeout=TIMEOUT)),
        "invalid": failure(lambda: users.GetUser(pb.GetUserRequest(id="abc"), timeout=TIMEOUT)),
        "taken": failure(lambda: users.CreateUser(pb.CreateUserRequest(name="john_doe", email="x@example.com"), timeout=TIMEOUT)),
        "deadline": failure(lambda: weather.GetWeather(pb.GetWeatherRequest(location="Nowhere"), timeout=0.3)),
        "unknown": failure(lambda: wrong(b"", timeout=TIMEOUT)),
        "garbage": failure(lambda: raw(b"\xff\xff\xff\xff", timeout=TIMEOUT)),
        "large": failure(lambda: posts.CreatePost(pb.CreatePostRequest(author_id="123", title="x", content="x" * 2_000_000), timeout=TIMEOUT)),
        "surplus": plain(raw(b"\x0a\x03123\xf8\x07\x01", timeout=TIMEOUT)),
        "header": dict(users.GetUser.with_call(pb.GetUserRequest(id="123"), timeout=TIMEOUT, metadata=(("x-request-id", "from-python"),))[1].initial_metadata()),
    }


def typed():
    """An error that an operation declares by name."""
    return failure(lambda: users.GetUser(pb.GetUserRequest(id="1"), timeout=TIMEOUT))


def streams():
    seen = []
    stream = sensors.OnTemperature(pb.OnTemperatureRequest())
    stream.initial_metadata()  # the acknowledgement
    for celsius in (1, 2, 3):
        sensors.ReportTemperature(pb.ReportTemperatureRequest(sensor_id="roof", celsius=celsius), timeout=TIMEOUT)
    for event in stream:
        seen.append((event.id, event.data.celsius))
        if len(seen) == 3:
            break
    stream.cancel()
    resumed = []
    again = sensors.OnTemperature(pb.OnTemperatureRequest(last_event_id=seen[0][0]))
    for event in again:
        resumed.append(event.data.celsius)
        if len(resumed) == 2:
            break
    again.cancel()
    lost = sensors.OnTemperature(pb.OnTemperatureRequest(last_event_id="unknown"))
    first = next(lost)
    lost.cancel()
    return {"seen": [celsius for _, celsius in seen], "resumed": resumed, "gap": first.gap}


def talk():
    """Two in a chat; each hears both, and a bad line ends its sender's stream."""
    done = threading.Event()
    start = threading.Event()

    def lines(*own):
        start.wait(TIMEOUT)
        yield from (pb.ChatMessage(sender="ann", message=text) for text in own)
        done.wait(TIMEOUT)

    ann, bob = chat.Chat(lines("one", "two")), chat.Chat(lines())
    ann.initial_metadata(), bob.initial_metadata()
    start.set()
    heard = [[next(who).message, next(who).message] for who in (ann, bob)]
    done.set()
    rest = [list(ann), list(bob)]
    bad = failure(lambda: list(chat.Chat(iter([pb.ChatMessage(sender="", message="x")]))))
    return {"heard": heard, "rest": [len(each) for each in rest], "bad": bad}


def health_and_reflection():
    sys.path.insert(0, sys.argv[1] + "/rpc")
    from health_pb2 import HealthCheckRequest, HealthCheckResponse
    import reflection_v1_pb2 as v1
    from google.protobuf import descriptor_pb2
    check = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=HealthCheckRequest.SerializeToString, response_deserializer=HealthCheckResponse.FromString)
    out = {"health": [check(HealthCheckRequest(service=name), timeout=TIMEOUT).status for name in ("", "blog.v1.UserService")]}
    out["unknown"] = failure(lambda: check(HealthCheckRequest(service="no.Such"), timeout=TIMEOUT))["code"]
    for version in ("v1", "v1alpha"):
        info = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
                                     request_serializer=v1.ServerReflectionRequest.SerializeToString, response_deserializer=v1.ServerReflectionResponse.FromString)
        answers = list(info(iter([v1.ServerReflectionRequest(list_services="*"), v1.ServerReflectionRequest(file_containing_symbol="blog.v1.User"),
                                  v1.ServerReflectionRequest(file_containing_symbol="grpc.health.v1.Health")]), timeout=TIMEOUT))
        files = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in answers[1].file_descriptor_response.file_descriptor_proto]
        own = files[0]
        health = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in answers[2].file_descriptor_response.file_descriptor_proto]
        limit = [field for message in own.message_type if message.name == "GetUserPostsRequest" for field in message.field if field.name == "limit"][0]
        out[version] = {"services": sorted(each.name for each in answers[0].list_services_response.service), "files": sorted(file.name for file in files),
                        "optional": limit.proto3_optional, "health": [method.name for method in health[0].service[0].method]}
    return out


print(json.dumps({"calls": calls, "errors": errors, "typed": typed, "streams": streams, "chat": talk, "standard": health_and_reflection}[sys.argv[3]]()))
