# The shop of test/grpc/protos/shop.proto, as somebody else wrote it: Ruby's grpc. Prints its port, and ends with its standard input.
#
# Usage: shop.rb <folder of the stubs>. UpdateItem answers the item that it got, and in its author what it read, as protobuf's JSON.
$LOAD_PATH.unshift(ARGV[0])
require 'grpc'
require 'json'
require 'shop_services_pb'

V1 = Acme::Shop::V1

class ShopServer < V1::Shop::Service
  def update_item(request, _call)
    item = request.item.dup
    item.author = request.to_json
    item
  end

  def get_item(request, _call)
    raise GRPC::NotFound.new("no item #{request.id}", { 'why' => 'sold' }) if request.id == 404

    V1::Item.new(id: request.id, title: 'ruby', kind: :KIND_BOOK, made_at: Google::Protobuf::Timestamp.new(seconds: 1), nums: [1, 2])
  end

  def watch_items(request, _call)
    (request.range.from..request.range.to).map { |id| V1::Item.new(id: id, title: request.author) }.each
  end
end

server = GRPC::RpcServer.new
port = server.add_http2_port('127.0.0.1:0', :this_port_is_insecure)
server.handle(ShopServer.new)
thread = Thread.new { server.run }
server.wait_till_running
puts port
$stdout.flush
$stdin.read
server.stop
thread.join
