// Command app is what the scripts run as an app: it answers HTTP on PORT, and misbehaves when it is told to.
//
//	GATE=FILE        it does not serve before FILE exists
//	LEDGER=FILE      every start appends a line to FILE
//	FAIL=TEXT        it prints three lines, the last one TEXT, and exits with 3 before it serves
//	FILE=FILE        what it answers to /file
//	SPEAK=DURATION   it prints a numbered line that often
//	GRACE=DURATION   asked to end, it ends its connections with the next answer of each, and waits that long for them
package main

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run() error {
	if ledger := os.Getenv("LEDGER"); ledger != "" {
		if err := record(ledger); err != nil {
			return err
		}
	}
	if text := os.Getenv("FAIL"); text != "" {
		fmt.Printf("reading the settings\nopening the shop\n%s\n", text)
		os.Exit(3)
	}
	for gate := os.Getenv("GATE"); gate != ""; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(gate); err == nil {
			break
		}
	}
	if every := os.Getenv("SPEAK"); every != "" {
		interval, err := time.ParseDuration(every)
		if err != nil {
			return err
		}
		go speak(interval)
	}
	address := net.JoinHostPort("127.0.0.1", os.Getenv("PORT"))
	if text := os.Getenv("GRACE"); text != "" {
		grace, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		return graceful(address, grace)
	}
	return http.ListenAndServe(address, routes())
}

// record appends a line in one write, so that several processes may share the file.
func record(ledger string) error {
	f, err := os.OpenFile(ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s started\n", os.Getenv("NAME")); err != nil {
		return err
	}
	return f.Close()
}

func speak(interval time.Duration) {
	for n := 1; ; n++ {
		fmt.Printf("line %d\n", n)
		time.Sleep(interval)
	}
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s of %d\n", os.Getenv("NAME"), os.Getpid())
	})
	mux.HandleFunc("GET /work", func(w http.ResponseWriter, r *http.Request) {
		long, _ := time.ParseDuration(r.FormValue("for"))
		time.Sleep(long)
		fmt.Fprintf(w, "%s of %d\n", os.Getenv("NAME"), os.Getpid())
	})
	mux.HandleFunc("GET /env", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, strings.Join(slices.Sorted(slices.Values(os.Environ())), "\n"))
	})
	mux.HandleFunc("GET /bindings", bindings)
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, os.Getenv("FILE")) })
	mux.HandleFunc("GET /crash", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("told to crash")
		code, _ := strconv.Atoi(r.FormValue("code"))
		os.Exit(code)
	})
	return mux
}

// bindings lists the files below SERVICE_BINDING_ROOT with mode and content.
func bindings(w http.ResponseWriter, _ *http.Request) {
	root := os.Getenv("SERVICE_BINDING_ROOT")
	names, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, name := range names {
		relative := strings.TrimPrefix(name, root+"/")
		info, err := os.Stat(name)
		if err != nil || info.Mode()&fs.ModeType != 0 || strings.HasPrefix(relative, ".") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(w, "%s %04o %s\n", relative, info.Mode().Perm(), text)
	}
}
