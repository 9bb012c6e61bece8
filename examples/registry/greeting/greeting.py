"""Answers every request with the greeting."""
import http.server
import os


class Greeting(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Greeting).serve_forever()
