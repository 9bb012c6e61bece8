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
    "notes_note": pb.Type(description="A note in a file.", plans=True, attributes={
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


def prospect(thing, unknown):
    """A value that is unknown in the named attributes."""
    return pb.Prospect(value=value(thing), unknown=json.dumps([[name] for name in unknown]).encode() if unknown else b"")


def plan(request, context):
    """Says how a note will turn out. Of its attributes at most the whole is unknown, since there is nothing in them."""
    wanted = json.loads(request.wanted.value)
    unknown = {way[0] for way in json.loads(request.wanted.unknown or b"[]")}
    after, open_, replace = foresee(json.loads(request.before), wanted, unknown)
    return pb.PlanResponse(after=prospect(after, open_), replace=replace)


def foresee(before, wanted, unknown):
    """How long the note will be is known if its text is. What was written does not get shorter: that is a new note."""
    after, open_ = dict(wanted, size=None), set(unknown)
    if "text" in unknown:
        open_.add("size")
    else:
        after["size"] = len(wanted["text"].encode())
    replace = []
    if before is not None:
        if "path" in unknown or wanted["path"] != before["path"]:
            replace.append("path")
        if "text" not in unknown and after["size"] < before["size"]:
            replace.append("text")
    return after, open_, replace


def mistaken(change, before, after):
    """Why a change must not be made: it is not what the plan has shown. None if it is."""
    if after is None or change.undo:
        return None
    now, _, replace = foresee(before, after, set())
    if replace:
        return "a change of {} needs a new note, which the plan does not show".format(" and ".join(replace))
    if not change.HasField("planned"):
        return None  # an earlier recipe, which asks for no plans
    planned = json.loads(change.planned.value)
    open_ = {way[0] for way in json.loads(change.planned.unknown or b"[]")}
    for name in planned.keys() - open_:
        if planned[name] != now[name]:
            return name + " would not be as it was planned"
    return None


def apply(requests, context):
    """Makes one change. Further requests ask to stop; a note is written faster than that."""
    change = next(requests).change
    before, after = json.loads(change.before), json.loads(change.after)
    fault = mistaken(change, before, after)
    if fault is not None:
        diagnostic = pb.Diagnostic(summary="it would turn out otherwise", detail=fault + "; nothing was changed, plan again")
        yield pb.ApplyResponse(result=pb.Result(value=b"null" if before is None else b"", diagnostics=[diagnostic]))
        return
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
        "Plan": grpc.unary_unary_rpc_method_handler(plan, pb.PlanRequest.FromString, pb.PlanResponse.SerializeToString),
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
