"""A client of the broker that is not ours: paho. Usage: mqtt_peer.py <port> <version 4|5> sensor|listener|caller"""

import json
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port, version, role = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
is_new = version == 5
args = {"client_id": "", "protocol": mqtt.MQTTv5 if is_new else mqtt.MQTTv311}
# paho 2 wants to know which callbacks are meant.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, **args) if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client(**args)


def say(value):
    print(json.dumps(value), flush=True)


def user(message):
    return dict(getattr(message.properties, "UserProperty", [])) if is_new else {}


def on_message(_client, _userdata, message):
    if role == "listener":
        say({"topic": message.topic, "payload": json.loads(message.payload), "user": user(message)})
        return client.disconnect()
    reply = json.loads(message.payload)
    if is_new:
        say({"correlation": message.properties.CorrelationData.decode(), "reply": reply, "user": user(message)})
    else:
        say({"correlation": reply["id"], "reply": reply.get("output", reply.get("error"))})
    on_message.count = getattr(on_message, "count", 0) + 1
    if on_message.count == 2:
        client.disconnect()


def ask(correlation, operation, value):
    if is_new:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = "paho/replies"
        properties.CorrelationData = correlation.encode()
        properties.UserProperty = [("x-request-id", "paho-" + correlation)]
        client.publish("blog/v1/" + operation, json.dumps(value), qos=1, properties=properties)
    else:
        client.publish("blog/v1/" + operation, json.dumps({"replyTo": "paho/replies", "id": correlation, "input": value}), qos=1)


def on_subscribe(*_):
    if role == "listener":
        return say("listening")
    ask("a", "getWeather", {"location": "Oslo"})
    ask("b", "getWeather", {"location": "Atlantis"})


def on_connect(*_):
    if role == "sensor":
        value = {"sensorId": "paho", "celsius": 12.5, "measuredAt": "2026-01-31T12:00:00Z"}
        client.publish("sensors/temperature", json.dumps(value), qos=1)
    else:
        client.subscribe("sensors/temperature" if role == "listener" else "paho/replies", qos=1)


def on_publish(*_):
    if role == "sensor":
        client.disconnect()


client.on_connect, client.on_message, client.on_subscribe, client.on_publish = on_connect, on_message, on_subscribe, on_publish
client.connect("127.0.0.1", port)
end = time.time() + 10
while client.loop(0.05) == 0 and time.time() < end:
    pass
