package router

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/router/web"
)

// BenchmarkProxies measures the CPU time per request of this router, nginx and haproxy, in turns: HTTP/1.1 on connections
// that are kept, the same client and the same upstream, which are this process and not counted.
func BenchmarkProxies(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10} {
		for _, connections := range []int{8, 64} {
			b.Run(fmt.Sprintf("%dKiB/%d", size>>10, connections), func(b *testing.B) { benchProxies(b, size, connections, "") })
		}
	}
	// What makes a request of the same kind take the long way.
	b.Run("long", func(b *testing.B) { benchProxies(b, 1<<10, 64, "TE: trailers\r\n") })
}

func benchProxies(b *testing.B, size, connections int, extra string) {
	origin := benchOrigin(b, size)
	proxies := []*benchProxy{routerProxy(b, origin), nginxProxy(b, origin), haproxyProxy(b, origin)}
	proxies = slices.DeleteFunc(proxies, func(p *benchProxy) bool { return p == nil })
	for _, p := range proxies {
		benchLoad(b, p.port, connections, 2000, size, extra) // connections to the upstream are there
	}
	for b.Loop() {
		for _, p := range proxies {
			user, system := p.cpu(b)
			benchLoad(b, p.port, connections, benchRequests(size), size, extra)
			userAfter, systemAfter := p.cpu(b)
			p.spent = append(p.spent, (userAfter+systemAfter-user-system)/float64(benchRequests(size)))
			p.system = append(p.system, (systemAfter-system)/float64(benchRequests(size)))
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, p := range proxies {
		b.ReportMetric(median(p.spent)*1e6, p.name+"-µs/request")
		b.ReportMetric(median(p.system)*1e6, p.name+"-kernel-µs/request")
		if p.name == "nginx" {
			b.ReportMetric(median(proxies[0].spent)/median(p.spent), "times-nginx")
		}
	}
}

func benchRequests(size int) int { return max(40_000/(1+size>>14), 10_000) }

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// benchProxy is a proxy that runs in processes of its own.
type benchProxy struct {
	name string
	port int
	pid  int

	// CPU seconds per request of each round, and those of them in the kernel.
	spent, system []float64
}

// cpu is the CPU time of the process and its children, in seconds.
func (p *benchProxy) cpu(b *testing.B) (user, system float64) {
	for _, pid := range append(children(p.pid), p.pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			b.Fatal(err)
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for at, sum := range map[int]*float64{11: &user, 12: &system} { // utime, stime
			ticks, err := strconv.Atoi(fields[at])
			if err != nil {
				b.Fatal(err)
			}
			*sum += float64(ticks) / 100
		}
	}
	return user, system
}

func children(pid int) (all []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			all = append(all, child)
		}
	}
	return all
}

// benchOrigin answers each request with a body of that size.
func benchOrigin(b *testing.B, size int) string {
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				for n := 0; ; {
					got, err := conn.Read(buffer[n:])
					if err != nil {
						return
					}
					if n += got; bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
						n = 0
						if _, err := conn.Write(answer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// benchLoad makes that many requests on that many connections, each of which keeps one under way.
func benchLoad(b *testing.B, port, connections, requests, size int, extra string) {
	b.Helper()
	request := []byte("GET /products/17?color=red HTTP/1.1\r\nHost: shop.localhost\r\nUser-Agent: bench\r\nAccept: */*\r\nCookie: session=0123456789abcdef\r\n" + extra + "\r\n")
	var left atomic.Int64
	left.Store(int64(requests))
	var clients sync.WaitGroup
	for range connections {
		clients.Go(func() {
			conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			buffer := make([]byte, 128<<10)
			for left.Add(-1) >= 0 {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if err := benchAnswer(conn, buffer, size); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
}

func benchAnswer(conn net.Conn, buffer []byte, size int) error {
	for n, head := 0, 0; ; {
		got, err := conn.Read(buffer[n:])
		if err != nil {
			return err
		}
		n += got
		if head == 0 {
			head = bytes.Index(buffer[:n], []byte("\r\n\r\n")) + 4
			if head < 4 {
				head = 0
				continue
			}
			if !bytes.HasPrefix(buffer, []byte("HTTP/1.1 200")) {
				return fmt.Errorf("got %q", buffer[:n])
			}
		}
		if n >= head+size {
			return nil
		}
	}
}

// benchStart starts a proxy and waits until it listens.
func benchStart(b *testing.B, name string, port int, cmd *exec.Cmd) *benchProxy {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); ; <-time.After(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port)); err == nil {
			conn.Close()
			return &benchProxy{name: name, port: port, pid: cmd.Process.Pid}
		} else if time.Now().After(end) {
			b.Fatal(err)
		}
	}
}

func benchPort(b *testing.B) int {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func routerProxy(b *testing.B, origin string) *benchProxy {
	dir, port := b.TempDir(), benchPort(b)
	table := Table{Routes: []web.Route{{Name: "shop", Host: "shop.localhost", Path: "/", Upstreams: []string{origin}}},
		Fronts: []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", port)}}}
	if os.Getenv("RECIPE_BENCH_LOG") != "" {
		table.Log = dir
	}
	if err := saveTable(disk.OS{}, filepath.Join(dir, tableName), table); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	p := benchStart(b, "router", port, cmd)
	return p
}

const nginxConfig = `daemon off; worker_processes 2; pid %[1]s/pid; error_log stderr;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream origin { server %[2]s; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:%[3]d; server_name shop.localhost;
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme; } } }
`

func nginxProxy(b *testing.B, origin string) *benchProxy {
	program, err := exec.LookPath("nginx")
	if err != nil {
		b.Log("without nginx: it is not installed")
		return nil
	}
	dir, port := b.TempDir(), benchPort(b)
	os.Chmod(dir, 0o755)
	config := fmt.Sprintf(nginxConfig, dir, origin, port)
	if os.Getenv("RECIPE_BENCH_LOG") != "" {
		config = strings.Replace(config, "access_log off", "access_log "+dir+"/access.log combined buffer=64k", 1)
	}
	if os.Getuid() == 0 {
		config = "user root; " + config
	}
	os.WriteFile(dir+"/nginx.conf", []byte(config), 0o644)
	return benchStart(b, "nginx", port, exec.Command(program, "-e", "stderr", "-p", dir, "-c", dir+"/nginx.conf"))
}

const haproxyConfig = `global
  nbthread 2
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
frontend f
  bind 127.0.0.1:%d
  default_backend b
backend b
  http-reuse always
  server s %s
`

func haproxyProxy(b *testing.B, origin string) *benchProxy {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		b.Log("without haproxy: it is not installed")
		return nil
	}
	dir, port := b.TempDir(), benchPort(b)
	os.WriteFile(dir+"/haproxy.cfg", fmt.Appendf(nil, haproxyConfig, port, origin), 0o644)
	return benchStart(b, "haproxy", port, exec.Command(program, "-db", "-f", dir+"/haproxy.cfg"))
}

// BenchmarkTCP measures the throughput of an endpoint against a direct connection, in turns.
func BenchmarkTCP(b *testing.B) {
	const amount = 1 << 30
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		block := make([]byte, 1<<20)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for range amount / len(block) {
					if _, err := conn.Write(block); err != nil {
						return
					}
				}
			}()
		}
	}()
	dir, port := b.TempDir(), benchPort(b)
	if err := saveTable(disk.OS{}, filepath.Join(dir, tableName), Table{Endpoints: []Endpoint{{Name: "db", Port: port, Upstreams: []string{l.Addr().String()}}}}); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	benchStart(b, "router", port, cmd)
	var direct, routed []float64
	for b.Loop() {
		direct = append(direct, benchPull(b, l.Addr().String(), amount))
		routed = append(routed, benchPull(b, fmt.Sprint("127.0.0.1:", port), amount))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(direct), "direct-MiB/s")
	b.ReportMetric(median(routed), "router-MiB/s")
	b.ReportMetric(median(routed)/median(direct), "times-direct")
}

func benchPull(b *testing.B, address string, amount int) float64 {
	begin := time.Now()
	conn, err := net.Dial("tcp4", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	buffer, n := make([]byte, 1<<20), 0
	for {
		got, err := conn.Read(buffer)
		n += got
		if err != nil {
			if cmp.Compare(n, amount) != 0 || err != io.EOF {
				b.Fatalf("got %d bytes, %v", n, err)
			}
			return float64(amount) / (1 << 20) / time.Since(begin).Seconds()
		}
	}
}
