# Calls the Blog service with Ruby's grpc and stubs that protoc made of the published .proto. Prints one JSON document.
#
# Usage: blog.rb <folder of the stubs> <address>
$LOAD_PATH.unshift(ARGV[0])
require 'grpc'
require 'json'
require 'blog/v1/blog_services_pb'

users = Blog::V1::UserService::Stub.new(ARGV[1], :this_channel_is_insecure)
sensors = Blog::V1::SensorService::Stub.new(ARGV[1], :this_channel_is_insecure)

user = users.get_user(Blog::V1::GetUserRequest.new(id: '123'))
begin
  users.get_user(Blog::V1::GetUserRequest.new(id: '7'))
rescue GRPC::BadStatus => e
  status = e.to_rpc_status
  missing = { code: e.code, message: status.message, types: status.details.map { |detail| detail.type_url.split('/').last } }
end
operation = sensors.on_temperature(Blog::V1::OnTemperatureRequest.new, return_op: true)
events = operation.execute
operation.metadata # the head is the acknowledgement
sensors.report_temperature(Blog::V1::ReportTemperatureRequest.new(sensor_id: 'roof', celsius: 21.5))
heard = events.next.data.celsius
operation.cancel
puts JSON.generate(user: user.name, created: user.created_at.seconds.positive?, missing: missing, heard: heard)
