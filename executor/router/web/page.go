package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// pageText is a short page that says what is wrong.
func pageText(status int, text string) string {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return "<!doctype html>\n<meta charset=utf-8>\n<title>" + title + "</title>\n<h1>" + title + "</h1>\n<p>" + text + "</p>\n"
}

// refuse answers a request in place of an upstream.
func (x *exchange) refuse(status int, text string) {
	extra := ""
	if status == http.StatusServiceUnavailable {
		extra = "Retry-After: 1\r\n"
	}
	x.why = text
	x.page(status, text, extra)
}

func (x *exchange) page(status int, text, extra string) {
	body := pageText(status, text)
	b := append(x.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(append(append(b, ' '), http.StatusText(status)...), "\r\n"...)
	b = append(append(b, "Date: "...), time.Now().UTC().Format(http.TimeFormat)...)
	b = append(append(b, "\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: "...), strconv.Itoa(len(body))...)
	b = append(append(b, "\r\n"...), extra...)
	if !x.keep {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "\r\n"...)
	if string(x.req.method) != "HEAD" {
		b = append(b, body...)
		x.bytes = int64(len(body))
	}
	x.out, x.status = b, status
	if x.write(b, time.Now()) != nil {
		x.keep = false
	}
}
