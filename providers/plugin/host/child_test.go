package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// TestMain makes this test binary a plugin when it is started as one. The name that it is started under says what is the
// matter with it.
func TestMain(m *testing.M) {
	if os.Getenv(protocol.CookieKey) == "" && os.Getenv("LEFT_BEHIND") == "" {
		os.Exit(m.Run())
	}
	fault := filepath.Base(os.Args[0])
	switch before := beforeStart[fault]; {
	case before != nil:
		before()
		os.Exit(0)
	case badAnswers[fault] != nil || badPlans[fault] != nil || fault == "bad-schema" || fault == "planless":
		serveRaw(fault)
	}
	plugin.Serve(notes{fault})
}

// beforeStart are the faults of programs that never become plugins.
var beforeStart = map[string]func(){
	"exits":     func() { fmt.Fprintln(os.Stderr, "the moon is in the wrong phase"); os.Exit(3) },
	"succeeds":  func() {},
	"silent":    func() { select {} },
	"babbles":   func() { fmt.Println("Hello, how are you?"); select {} },
	"endless":   func() { flood(os.Stdout) },
	"elsewhere": func() { fmt.Println("1|1|unix|/run/dbus/system_bus_socket|grpc"); select {} },
	"network":   func() { fmt.Println("1|1|tcp|127.0.0.1:80|grpc"); select {} },
	"future":    func() { fmt.Printf("1|99|unix|%s|grpc\n", socket()); select {} },
	"nobody":    func() { fmt.Printf("1|1|unix|%s|grpc\n", socket()); select {} },
	"deaf": func() {
		l, err := net.Listen("unix", socket())
		if err != nil {
			panic(err)
		}
		fmt.Printf("1|1|unix|%s|grpc\n", socket())
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	},
	"leaves": func() {
		if os.Getenv("LEFT_BEHIND") != "" {
			time.Sleep(time.Hour)
		}
		child := exec.Command(os.Args[0])
		child.Env = []string{"LEFT_BEHIND=1"}
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			panic(err)
		}
	},
}

func socket() string { return filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "s") }

func flood(f *os.File) {
	text := bytes.Repeat([]byte("water "), 10_000)
	for {
		if _, err := f.Write(text); err != nil {
			return
		}
	}
}

// crowd is how many empty pieces a message has that is short and takes a lot of memory. Of more the race detector is not done before
// the plugin is taken to hang.
var crowd = torture.PickRaced(210_000, 2_000_000, 2_000_000)

// badAnswers are results that no provider could give through the sdk.
var badAnswers = map[string]func(wanted map[string]any) *protocol.ApplyResponse{
	"garbage":   func(map[string]any) *protocol.ApplyResponse { return result([]byte("\x00\xff{{{")) },
	"empty":     func(map[string]any) *protocol.ApplyResponse { return result(nil) },
	"nothing":   func(map[string]any) *protocol.ApplyResponse { return nil },
	"malformed": func(map[string]any) *protocol.ApplyResponse { return &protocol.ApplyResponse{} },
	"bomb": func(map[string]any) *protocol.ApplyResponse {
		return result([]byte(`{"path":[` + strings.Repeat("1,", 1_500_000) + `1]}`))
	},
	"huge": func(map[string]any) *protocol.ApplyResponse {
		return result(bytes.Repeat([]byte{' '}, 64<<20))
	},
	"vast": func(map[string]any) *protocol.ApplyResponse {
		return result(bytes.Repeat([]byte{' '}, 2<<30-1<<20))
	},
	"crowd": func(map[string]any) *protocol.ApplyResponse {
		m := result(nil)
		m.GetResult().Diagnostics = slices.Repeat([]*protocol.Diagnostic{{}}, crowd)
		return m
	},
	"foreign":    changed(func(v map[string]any) { v["colour"] = "blue" }),
	"mistyped":   changed(func(v map[string]any) { v["text"] = []int{1} }),
	"other":      changed(func(v map[string]any) { v["text"] = "another" }),
	"forgetful":  changed(func(v map[string]any) { v["size"] = nil }),
	"indiscreet": changed(func(v map[string]any) { v["label"] = fmt.Sprint("sealed with ", v["seal"]) }),
}

func changed(change func(map[string]any)) func(map[string]any) *protocol.ApplyResponse {
	return func(v map[string]any) *protocol.ApplyResponse {
		v["size"], v["label"] = 1, "x"
		change(v)
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return result(text)
	}
}

func result(value []byte) *protocol.ApplyResponse {
	return &protocol.ApplyResponse{Message: &protocol.ApplyResponse_Result{Result: &protocol.Result{Value: value}}}
}

// raw is a server that answers Apply with what it likes.
type raw struct {
	protocol.ProviderServer
	fault string
}

func (r raw) Schema(ctx context.Context, q *protocol.SchemaRequest) (*protocol.SchemaResponse, error) {
	if r.fault == "bad-schema" {
		return &protocol.SchemaResponse{Types: map[string]*protocol.Type{"note": {Attributes: map[string]*protocol.Attribute{"a": {Type: []byte("5")}}}}}, nil
	}
	return r.ProviderServer.Schema(ctx, q)
}

func (r raw) Apply(stream grpc.BidiStreamingServer[protocol.ApplyRequest, protocol.ApplyResponse]) error {
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	var wanted map[string]any
	if err := json.Unmarshal(m.GetChange().GetAfter(), &wanted); err != nil {
		return err
	}
	if answer := badAnswers[r.fault](wanted); answer != nil {
		return stream.Send(answer)
	}
	return nil
}

// taker is a registrar that keeps what is registered.
type taker struct{ server protocol.ProviderServer }

func (t *taker) RegisterService(_ *grpc.ServiceDesc, s any) { t.server = s.(protocol.ProviderServer) }

// serveRaw serves without go-plugin, as other languages do.
func serveRaw(fault string) {
	var t taker
	plugin.Register(&t, notes{fault})
	l, err := net.Listen("unix", socket())
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	protocol.RegisterProviderServer(server, raw{t.server, fault})
	fmt.Printf("1|1|unix|%s|grpc\n", socket())
	panic(server.Serve(l))
}

// notes is a provider of small files. Its faults wait for a creation.
type notes struct{ fault string }

var noteSchema = sdk.TypeSchema{
	Description: "A note.",
	Attributes: map[string]sdk.Attribute{
		"path":  {Type: cty.String, Description: "Its file.", Required: true, Replace: true},
		"text":  {Type: cty.String, Description: "What is in it.", Required: true},
		"seal":  {Type: cty.String, Description: "Who wrote it.", Sensitive: true},
		"size":  {Type: cty.Number, Description: "How long it is, in bytes.", Computed: true},
		"label": {Type: cty.String, Description: "What is on it.", Computed: true},
	},
}

func (n notes) Schema() sdk.Schema {
	t := noteSchema
	if n.fault == "patient" {
		t.Patience = time.Minute
	}
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"note": t, "draft": draftSchema()}}
}

func (n notes) Resource(name string) sdk.Resource {
	if name == "draft" {
		return draft{note(n)}
	}
	if strings.HasPrefix(n.fault, "tells-status") {
		return watched{note(n)}
	}
	return note(n)
}

// watched is a note that tells how it is.
type watched struct{ note }

func (w watched) Status(_ context.Context, id sdk.Identity) (*sdk.Status, sdk.Diagnostics) {
	switch w.fault {
	case "tells-status-panicking":
		panic("the ink is dry")
	case "tells-status-oddly":
		return &sdk.Status{State: "it's fine"}, nil
	case "tells-status-badly":
		return nil, sdk.Errorf("cannot look", "it is dark")
	case "tells-status-not":
		return nil, nil
	}
	return &sdk.Status{State: "backoff", Restarts: 3, Message: id.Known.GetAttr("text").AsString()}, nil
}

type note struct{ fault string }

func (n note) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if n.fault == "hangs-reading" {
		select {}
	}
	if id.Known.IsNull() {
		return id.Known, nil
	}
	return look(id.Known)
}

func look(known cty.Value) (cty.Value, sdk.Diagnostics) {
	text, err := os.ReadFile(known.GetAttr("path").AsString())
	if os.IsNotExist(err) {
		return cty.NullVal(known.Type()), nil
	}
	if err != nil {
		return known, sdk.Errorf("cannot read it", "%s", err)
	}
	v := known.AsValueMap()
	v["text"], v["size"], v["label"] = cty.StringVal(string(text)), cty.NumberIntVal(int64(len(text))), cty.StringVal(environment())
	return cty.ObjectVal(v), nil
}

// environment lists the names of the variables that the plugin sees, and where it is.
func environment() string {
	var names []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	at, _ := os.Getwd()
	return strings.Join(names, " ") + " in " + at
}

func (n note) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		if r.Before.IsNull() {
			return r.After, nil
		}
		if err := os.Remove(r.Before.GetAttr("path").AsString()); err != nil && !os.IsNotExist(err) {
			return r.Before, sdk.Errorf("cannot remove it", "%s", err)
		}
		return r.After, nil
	}
	path, text := r.After.GetAttr("path").AsString(), r.After.GetAttr("text").AsString()
	if strings.HasPrefix(text, "no ") {
		return cty.NullVal(r.After.Type()), sdk.Errorf("that is no note", "%s", text)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return cty.NullVal(r.After.Type()), sdk.Errorf("cannot write it", "%s", err)
	}
	n.err(ctx, r)
	return look(r.After)
}

// err shows the plugin's fault, after half of the work is done.
func (n note) err(ctx context.Context, r sdk.ApplyRequest) {
	switch n.fault {
	case "crashes":
		os.Exit(7)
	case "segfaults":
		var nowhere *int
		go func() { *nowhere = 1 }() // not under guard
		select {}
	case "panics":
		panic("the ink is dry")
	case "hangs", "patient":
		if n.fault == "patient" {
			time.Sleep(1500 * time.Millisecond)
			return
		}
		select {}
	case "waits":
		<-ctx.Done()
	case "floods-stderr":
		go flood(os.Stderr)
		time.Sleep(500 * time.Millisecond)
	case "grumbles":
		seal := r.After.GetAttr("seal").AsString()
		fmt.Fprintf(os.Stderr, "the seal is %s\n\n%s", seal, strings.Repeat("z", 50_000))
		for i := range 1000 {
			fmt.Fprintf(os.Stderr, "\nline %d", i)
		}
	case "chatters":
		for i := range 100_000 {
			r.Report.Send(sdk.Progress{Text: strings.Repeat("x", 5000), Done: int64(i)})
			r.Report.Logf("%s", strings.Repeat("y", 5000))
		}
	case "tells":
		for i := range 20 {
			r.Report.Send(sdk.Progress{Text: "writing", Done: int64(i), Total: 20})
			time.Sleep(30 * time.Millisecond)
		}
		r.Report.Logf("%s", "written")
	}
}
