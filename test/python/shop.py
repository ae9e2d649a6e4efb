"""The shop of test/grpc/protos/shop.proto, as somebody else wrote it: Python's grpcio. Prints its port, and ends with its standard input.

Usage: shop.py <folder of the stubs>. UpdateItem answers the item that it got, and in its author what it read, as protobuf's JSON.
"""
import sys
from concurrent import futures

sys.path.insert(0, sys.argv[1])
import grpc
from google.protobuf import empty_pb2, timestamp_pb2
from google.protobuf.json_format import MessageToJson
import shop_pb2 as pb, shop_pb2_grpc as rpc


class Shop(rpc.ShopServicer):
    def GetItem(self, request, context):
        trace = dict(context.invocation_metadata()).get("trace-bin", b"")
        context.send_initial_metadata((("echo-bin", trace),))
        item = pb.Item(id=request.id, title="é", kind=pb.KIND_BOOK, blob=bytes([0, 255]), phone=7, author=trace.hex())
        item.made_at.FromJsonString("2024-01-15T09:30:00.123456789Z")
        item.big.value = -9223372036854775808
        item.nick.value = ""
        item.lasts.FromJsonString("-3.000000001s")
        item.extra.update({"a": [1, None, {"b": True}]})
        item.any.Pack(pb.GetItemRequest(id=9))
        item.more.add().Pack(timestamp_pb2.Timestamp(seconds=1))
        item.by_no[-1].parts.add(name="inner")
        item.flags[False] = "no"
        item.flags[True] = "yes"
        item.loose.string_value = "x"
        return item

    def UpdateItem(self, request, context):
        item = pb.Item()
        item.CopyFrom(request.item)
        item.author = MessageToJson(request)
        return item

    def ListItems(self, request, context):
        return pb.ListItemsResponse()

    def DeleteItem(self, request, context):
        return empty_pb2.Empty()

    def WatchItems(self, request, context):
        for number in range(getattr(request.range, "from"), request.range.to + 1):
            yield pb.Item(id=number, title=request.author)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
rpc.add_ShopServicer_to_server(Shop(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0).wait()
