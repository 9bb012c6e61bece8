#!/usr/bin/python3
"""A plugin of recipe in Python: it supplies notes, which are small files.

It needs grpcio and protobuf (Debian: python3-grpcio, python3-protobuf). plugin_pb2.py beside it is made from plugin.proto by
protoc --python_out; the service is small enough to be named here by hand.
"""

import json
import os
import sys
import threading
from concurrent import futures

import grpc

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import plugin_pb2 as pb  # noqa: E402

STRING = b'"string"'

SCHEMA = pb.SchemaResponse(types={
    "notes_note": pb.Type(description="A note in a file.", attributes={
        "path": pb.Attribute(type=STRING, description="The file.", required=True, replace=True),
        "text": pb.Attribute(type=STRING, description="What is in it.", default=b'"Hello."'),
        "seal": pb.Attribute(type=STRING, description="A secret.", sensitive=True),
        "size": pb.Attribute(type=b'"number"', description="How long it is, in bytes.", computed=True),
    }),
})


def value(thing):
    """A value as the protocol has it: JSON, null for what is not there."""
    return json.dumps(thing).encode()


def schema(request, context):
    return SCHEMA


def read(request, context):
    known = json.loads(request.identity.known or b"null")
    return pb.ReadResponse(value=value(look(known)))


def look(known):
    """The note as it is now."""
    if known is None:
        return None
    try:
        with open(known["path"], encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return dict(known, text=text, size=len(text.encode()))


def apply(requests, context):
    """Makes one change. Further requests ask to stop; a note is written faster than that."""
    change = next(requests).change
    before, after = json.loads(change.before), json.loads(change.after)
    try:
        if after is None:
            remove(before)
            left = None
        else:
            yield pb.ApplyResponse(log=pb.Log(line="writing " + after["path"]))
            left = write(after)
        yield pb.ApplyResponse(result=pb.Result(value=value(left)))
    except OSError as error:
        diagnostic = pb.Diagnostic(summary="cannot change the note", detail=str(error))
        yield pb.ApplyResponse(result=pb.Result(value=value(before), diagnostics=[diagnostic]))


def write(wanted):
    fresh = wanted["path"] + ".new"  # whoever is killed here leaves the old note
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(wanted["text"])
    os.replace(fresh, wanted["path"])
    return dict(wanted, size=len(wanted["text"].encode()))


def remove(gone):
    for path in (gone["path"] + ".new", gone["path"]) if gone else ():
        try:
            os.remove(path)
        except FileNotFoundError:
            pass


def serve():
    if os.environ.get("RECIPE_PLUGIN") is None:
        sys.exit("This program is a plugin of recipe. Name it in a stack with uses_provider.")
    if "1" not in os.environ.get("PLUGIN_PROTOCOL_VERSIONS", "").split(","):
        sys.exit("This plugin speaks version 1 of the protocol.")
    handlers = grpc.method_handlers_generic_handler("recipe.plugin.v1.Provider", {
        "Schema": grpc.unary_unary_rpc_method_handler(schema, pb.SchemaRequest.FromString, pb.SchemaResponse.SerializeToString),
        "Read": grpc.unary_unary_rpc_method_handler(read, pb.ReadRequest.FromString, pb.ReadResponse.SerializeToString),
        "Apply": grpc.stream_stream_rpc_method_handler(apply, pb.ApplyRequest.FromString, pb.ApplyResponse.SerializeToString),
    })
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((handlers,))
    socket = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "notes")
    server.add_insecure_port("unix:" + socket)
    server.start()
    print(f"1|1|unix|{socket}|grpc", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    serve()
