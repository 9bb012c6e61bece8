"""A page that shows the greeting in the colours of the theme."""
import http.server
import os
import urllib.request


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(os.environ["GREETING_URL"]) as answer:
            greeting = answer.read().decode()
        with open(os.environ["STYLE"], encoding="utf-8") as style:
            page = f"<style>{style.read()}</style><h1>{greeting}</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
