package router

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pageLoad asks a route from clients that never retry, half of them on connections that are kept.
func pageLoad(t *testing.T, port int) (requests *atomic.Int64, stop func()) {
	requests = new(atomic.Int64)
	end := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			var conn net.Conn
			var answers *bufio.Reader
			for {
				select {
				case <-end:
					if conn != nil {
						conn.Close()
					}
					return
				default:
				}
				if conn == nil {
					var err error
					if conn, err = net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port)); err != nil {
						t.Error(err)
						return
					}
					answers = bufio.NewReader(conn)
				}
				conn.SetDeadline(time.Now().Add(time.Minute))
				fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\n\r\nbody")
				response, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if body, err := io.ReadAll(response.Body); err != nil || string(body) != "body" || response.StatusCode != 200 {
					t.Errorf("got %d %q, %v", response.StatusCode, body, err)
				}
				requests.Add(1)
				if response.Close || i%2 == 0 {
					conn.Close()
					conn = nil
				}
			}
		})
	}
	return requests, func() { close(end); clients.Wait() }
}
