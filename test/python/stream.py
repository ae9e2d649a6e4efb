"""Takes server streams of test/grpc/stream-peers.test.ts as somebody else's program does: Python's grpcio with stubs that protoc made.

Usage: stream.py <folder of the stubs> <address>. Prints one JSON document.
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
import grpc
import model_pb2 as pb, model_pb2_grpc as rpc

stub = rpc.ModelServiceStub(grpc.insecure_channel(sys.argv[2]))
out = {}

out["chunks"] = [[chunk.n, chunk.data.hex(), chunk.at.ToJsonString()] for chunk in stub.Read(pb.ReadRequest(count=3), timeout=10)]

failed = []
try:
    for chunk in stub.Read(pb.ReadRequest(count=2, fail=True), timeout=10):
        failed.append(chunk.n)
except grpc.RpcError as error:
    sys.path.insert(0, sys.argv[1] + "/rpc")
    from google_rpc_pb2 import Status, ErrorInfo
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    infos = [ErrorInfo.FromString(detail.value) for detail in status.details if detail.type_url.endswith("google.rpc.ErrorInfo")]
    out["failed"] = [failed, error.code().name, [info.reason for info in infos]]

endless = stub.Read(pb.ReadRequest(count=1000000))
out["first"] = next(endless).n
endless.cancel()
print(json.dumps(out))
