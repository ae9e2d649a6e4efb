# A client of the Blog service in Python, made from the published .proto:
#
#   npx multi-api-sdk serve
#   pip install grpcio grpcio-tools
#   python -m grpc_tools.protoc -I proto --python_out=examples --grpc_python_out=examples blog/v1/blog.proto
#   python examples/grpc_client.py [127.0.0.1:50051]
import sys

import grpc
from blog.v1 import blog_pb2 as pb, blog_pb2_grpc as rpc

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"

with grpc.insecure_channel(address) as channel:
    users = rpc.UserServiceStub(channel)
    user = users.GetUser(pb.GetUserRequest(id="123"), timeout=5)
    print(user.name, user.email)

    posts = rpc.PostServiceStub(channel)
    for post in posts.GetUserPosts(pb.GetUserPostsRequest(user_id="123", limit=2), timeout=5).posts:
        print(post.id, post.title)

    try:
        users.GetUser(pb.GetUserRequest(id="7"), timeout=5)
    except grpc.RpcError as error:
        print(error.code().name, error.details())

    sensors = rpc.SensorServiceStub(channel)
    readings = sensors.OnTemperature(pb.OnTemperatureRequest())
    readings.initial_metadata()  # from here on no event is missed
    sensors.ReportTemperature(pb.ReportTemperatureRequest(sensor_id="roof", celsius=21.5), timeout=5)
    for event in readings:
        print(event.data.sensor_id, event.data.celsius)
        break
    readings.cancel()
