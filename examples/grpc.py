# A client of the Blog service in Python, made from the published .proto:
#
#   npx multi-api-sdk serve
#   pip install grpcio grpcio-tools
#   python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. blog/v1/blog.proto
#   python examples/grpc.py
import grpc
from blog.v1 import blog_pb2 as pb, blog_pb2_grpc as rpc

with grpc.insecure_channel("127.0.0.1:50051") as channel:
    users = rpc.UserServiceStub(channel)
    print(users.GetUser(pb.GetUserRequest(id="123"), timeout=5))

    created = users.CreateUser(pb.CreateUserRequest(name="John Doe", email="john.doe@example.com"), timeout=5)
    print(created.id)

    try:
        users.GetUser(pb.GetUserRequest(id="7"), timeout=5)
    except grpc.RpcError as error:
        print(error.code().name, error.details())

    sensors = rpc.SensorServiceStub(channel)
    readings = sensors.OnTemperature(pb.OnTemperatureRequest())
    readings.initial_metadata()  # from here on no event is missed
    sensors.ReportTemperature(pb.ReportTemperatureRequest(sensor_id="roof", celsius=21.5), timeout=5)
    for event in readings:
        print(event.id, event.data.celsius)
        break
    readings.cancel()
