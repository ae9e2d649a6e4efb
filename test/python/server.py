"""A gRPC service that somebody else wrote: Python's grpcio. Prints its port, and ends with its standard input.

Usage: server.py <folder of the stubs>.
"""
import sys
import threading
from concurrent import futures

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/rpc")
import grpc
from google.protobuf import any_pb2, duration_pb2, empty_pb2
from google_rpc_pb2 import Status, BadRequest, RetryInfo
from blog.v1 import blog_pb2 as pb, blog_pb2_grpc as rpc


def packed(message, name):
    return any_pb2.Any(type_url="type.googleapis.com/" + name, value=message.SerializeToString())


class Users(rpc.UserServiceServicer):
    def GetUser(self, request, context):
        if request.id == "408":
            import time
            while context.is_active():
                time.sleep(0.01)
            return pb.User()
        if request.id == "400":
            violation = BadRequest.FieldViolation(field="address.lines[2]", description="too long")
            status = Status(code=3, message="invalid, says Python", details=[
                packed(BadRequest(field_violations=[violation]), "google.rpc.BadRequest"),
                packed(RetryInfo(retry_delay=duration_pb2.Duration(seconds=1, nanos=500000000)), "google.rpc.RetryInfo")])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "invalid, says Python")
        if request.id == "404":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such user: ünï")
        tenant = dict(context.invocation_metadata()).get("tenant", "")
        user = pb.User(id=request.id, name=tenant or "python", email="py@example.com")
        user.created_at.FromJsonString("2024-01-15T09:30:00.123456Z")
        return user


class Sensors(rpc.SensorServiceServicer):
    def OnTemperature(self, request, context):
        context.send_initial_metadata(())
        start = int(request.last_event_id or 0)
        for number in range(start + 1, start + 3):
            event = pb.TemperatureEvent(id=str(number), data=pb.TemperatureReading(sensor_id="py", celsius=number))
            event.time.GetCurrentTime()
            event.data.measured_at.GetCurrentTime()
            yield event
        # The connection is lost after two events: whoever resumes gets the next ones.
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone for a moment")


def ticks(request, context):
    for number in (1, 2, 3):
        yield pb.Article(title=str(number), author="py", content="")


# A service of another design: other names, no envelope for events.
acme = grpc.method_handlers_generic_handler("acme.Users", {
    "Fetch": grpc.unary_unary_rpc_method_handler(lambda request, context: pb.User(id=request.id, name="acme", email="a@example.com",
        created_at={"seconds": 1705311000}), request_deserializer=pb.GetUserRequest.FromString, response_serializer=pb.User.SerializeToString),
    "Ticks": grpc.unary_stream_rpc_method_handler(ticks, request_deserializer=empty_pb2.Empty.FromString, response_serializer=pb.Article.SerializeToString),
})
server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
rpc.add_UserServiceServicer_to_server(Users(), server)
rpc.add_SensorServiceServicer_to_server(Sensors(), server)
server.add_generic_rpc_handlers((acme,))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0).wait()
