package check

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	mux := http.NewServeMux()
	for _, code := range []int{200, 204, 302, 399, 404, 503} {
		mux.HandleFunc(fmt.Sprintf("/%d", code), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/404")
			w.WriteHeader(code)
		})
	}
	mux.HandleFunc("/query", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("deep") != "1" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<16); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	for path, want := range map[string]string{
		"/200": "", "/204": "", "/302": "", "/399": "", "/query?deep=1": "", "/hints": "", "/endless": "",
		"/404": "GET /404 on port %d answered 404 Not Found",
		"":     "GET / on port %d answered 404 Not Found",
		"/503": "GET /503 on port %d answered 503 Service Unavailable",
		"a b":  `"a b" is not a path`,
		"@x/":  `"@x/" is not a path`,
	} {
		if strings.Contains(want, "%d") {
			want = fmt.Sprintf(want, port)
		}
		switch err := (HTTP{Port: port, Path: path}).Run(within(t, time.Minute)); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", path, err)
		case want != "":
			wantError(t, err, want)
		}
	}
}

func TestHTTPOfAnotherProtocol(t *testing.T) {
	port := speak(t, func(conn net.Conn) {
		conn.Read(make([]byte, 1<<10))
		conn.Write([]byte("-ERR unknown command\r\n"))
	})
	wantError(t, HTTP{Port: port}.Run(t.Context()), "no HTTP answer from port")
}

func TestHTTPHeaderIsBounded(t *testing.T) {
	port := speak(t, func(conn net.Conn) {
		conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
		for {
			if _, err := conn.Write([]byte("X-More: and more\r\n")); err != nil {
				return
			}
		}
	})
	if err := (HTTP{Port: port}).Run(within(t, time.Minute)); err == nil {
		t.Error("an endless header was accepted")
	}
}
