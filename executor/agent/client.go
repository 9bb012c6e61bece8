package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/unixsocket"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/registry/origin"
)

// Client talks to the agent of one RECIPE_HOME. It is safe for concurrent use.
type Client struct {
	home string
	http *http.Client
	// Start starts an agent when none answers; nil makes that an error.
	Start func(home string) error
	// Failed is why the agent that Start has begun has ended, nil as long as it has not; the func may be nil.
	Failed func() error
}

// ErrNoAgent means that no agent answers.
var ErrNoAgent = errors.New("no agent is running")

// ErrBroken means that the agent ended in the middle of an answer.
var ErrBroken = errors.New("the connection to the agent broke")

// Dial returns a client for the agent of a home. It connects when it is used.
func Dial(home string) *Client {
	c := &Client{home: home}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
	}}
	return c
}

// dial connects, having started an agent if that is wanted and none answers.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	path := socketPath(c.home)
	conn, err := unixsocket.Dial(ctx, path)
	if err == nil {
		return conn, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, &Problem{Message: "cannot reach the agent: " + err.Error(),
			Hint: "It answers its own user and root alone: ask as that user, or set RECIPE_HOME to a directory of your own."}
	}
	if !absent(err) {
		return nil, fmt.Errorf("cannot reach the agent: %w", err)
	}
	if c.Start == nil {
		return nil, ErrNoAgent
	}
	if err := c.Start(c.home); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(20 * time.Second)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if conn, err = unixsocket.Dial(ctx, path); err == nil {
			return conn, nil
		}
		if c.Failed != nil {
			if err := c.Failed(); err != nil {
				return nil, err
			}
		}
		if !absent(err) || time.Now().After(deadline) {
			return nil, fmt.Errorf("the agent does not answer: %w; its log is %s", err, filepath.Join(c.home, "agent.log"))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func absent(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// send makes one request; the answer's body is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, request any) (io.ReadCloser, error) {
	var content []byte
	if request != nil {
		var err error
		if content, err = json.Marshal(request); err != nil {
			return nil, fmt.Errorf("internal error: %w", err)
		}
	}
	answer, err := c.ask(ctx, method, path, content)
	if err == nil && answer.StatusCode == http.StatusUnauthorized && token.Header(tokenPath(c.home)) != answer.Request.Header.Get("Authorization") {
		_ = answer.Body.Close() // another agent has begun meanwhile
		answer, err = c.ask(ctx, method, path, content)
	}
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address it names is no address to anybody
		}
		return nil, c.broken(err)
	}
	if answer.StatusCode < 300 {
		return answer.Body, nil
	}
	return nil, problemOf(answer)
}

// broken makes an ErrBroken of an error that comes of the agent's end.
func (c *Client) broken(err error) error {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return fmt.Errorf("%w: the agent has ended; its log %s may say why, and the next command starts another one, which goes on from there", ErrBroken, filepath.Join(c.home, "agent.log"))
		}
	}
	return err
}

// ask makes a request and returns what comes.
func (c *Client) ask(ctx context.Context, method, path string, content []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://agent/"+apiVersion+path, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	c.show(r)
	return c.http.Do(r)
}

// show has a request show the agent's token, which the first agent makes: that is started before, if it is wanted.
func (c *Client) show(r *http.Request) {
	if c.Start != nil && token.Header(tokenPath(c.home)) == "" {
		if conn, err := c.dial(r.Context()); err == nil { // else the request itself fails, and says why
			_ = conn.Close()
		}
	}
	token.Show(r, tokenPath(c.home))
}

// problemOf is the error in an answer, whose body it closes.
func problemOf(answer *http.Response) error {
	defer answer.Body.Close()
	p := &Problem{}
	if err := json.NewDecoder(answer.Body).Decode(p); err != nil || p.Message == "" {
		return fmt.Errorf("the agent answered %s; is it of another version? recipe agent -stop ends it", answer.Status)
	}
	return p
}

func call[T any](ctx context.Context, c *Client, method, path string, request any) (T, error) {
	var v T
	answer, err := c.send(ctx, method, path, request)
	if err != nil {
		return v, err
	}
	defer answer.Close()
	if err := json.NewDecoder(answer).Decode(&v); err != nil {
		return v, c.broken(fmt.Errorf("the agent's answer cannot be read: %w", err))
	}
	return v, nil
}

// lines calls each with every object of a stream.
func lines[T any](answer io.ReadCloser, each func(T) error) error {
	defer answer.Close()
	decoder := json.NewDecoder(answer)
	for {
		var v T
		if err := decoder.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
}

// Version tells who answers. An agent that is being killed may still take a connection, and then breaks it; so it is
// asked again, when it is gone or another one has come.
func (c *Client) Version(ctx context.Context) (VersionInfo, error) {
	for attempt := 1; ; attempt++ {
		info, err := call[VersionInfo](ctx, c, http.MethodGet, "/version", nil)
		if err == nil || attempt == 10 || !errors.Is(err, ErrBroken) {
			return info, err
		}
		select {
		case <-ctx.Done():
			return info, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Shutdown ends the agent; apps go on. A Problem of the kind busy says that a run is under way.
func (c *Client) Shutdown(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/shutdown", nil)
	return err
}

// Plan asks for a plan.
func (c *Client) Plan(ctx context.Context, q PlanRequest) (*PlanAnswer, error) {
	return call[*PlanAnswer](ctx, c, http.MethodPost, "/plan", q)
}

// PruneSources removes packages that were got by addresses and are not needed.
func (c *Client) PruneSources(ctx context.Context, q PruneSourcesRequest) (*origin.Pruned, error) {
	return call[*origin.Pruned](ctx, c, http.MethodPost, "/sources/prune", q)
}

// Collect removes from the store what nothing needs, or tells what it would remove.
func (c *Client) Collect(ctx context.Context, q CollectRequest) (*Collected, error) {
	return call[*Collected](ctx, c, http.MethodPost, "/store/collect", q)
}

// Apply begins a run and follows it to its end. The run goes on when ctx ends or each fails.
func (c *Client) Apply(ctx context.Context, q ApplyRequest, each func(RunLine) error) error {
	answer, err := c.send(ctx, http.MethodPost, "/apply", q)
	if err != nil {
		return err
	}
	return lines(answer, each)
}

// Follow follows the run of a stack that is under way; a Problem of the kind not-found says that there is none.
func (c *Client) Follow(ctx context.Context, stack string, each func(RunLine) error) error {
	answer, err := c.send(ctx, http.MethodGet, "/stacks/"+url.PathEscape(stack)+"/run", nil)
	if err != nil {
		return err
	}
	return lines(answer, each)
}

// StopRun makes the run under way end where it is.
func (c *Client) StopRun(ctx context.Context, stack string) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/stacks/"+url.PathEscape(stack)+"/run/stop", nil)
	return err
}

// Stacks lists the stacks that were applied.
func (c *Client) Stacks(ctx context.Context) ([]StackInfo, error) {
	return call[[]StackInfo](ctx, c, http.MethodGet, "/stacks", nil)
}

// Stack tells of one stack.
func (c *Client) Stack(ctx context.Context, name string) (StackInfo, error) {
	return call[StackInfo](ctx, c, http.MethodGet, "/stacks/"+url.PathEscape(name), nil)
}

// Objects lists the recorded resources of a stack by address.
func (c *Client) Objects(ctx context.Context, name string) ([]*state.Object, error) {
	return call[[]*state.Object](ctx, c, http.MethodGet, "/stacks/"+url.PathEscape(name)+"/objects", nil)
}

// History lists the generations of a stack, oldest first.
func (c *Client) History(ctx context.Context, name string) ([]state.Generation, error) {
	return call[[]state.Generation](ctx, c, http.MethodGet, "/stacks/"+url.PathEscape(name)+"/history", nil)
}

// Outputs returns the outputs of a stack, sensitive ones hidden but for the one called reveal.
func (c *Client) Outputs(ctx context.Context, name, reveal string) (map[string]OutputInfo, error) {
	return call[map[string]OutputInfo](ctx, c, http.MethodGet, "/stacks/"+url.PathEscape(name)+"/outputs?secrets="+url.QueryEscape(reveal), nil)
}

// Backup takes a backup of an instance.
func (c *Client) Backup(ctx context.Context, stack string, q BackupRequest) (BackupInfo, error) {
	return call[BackupInfo](ctx, c, http.MethodPost, "/stacks/"+url.PathEscape(stack)+"/backup", q)
}

// CheckRestore fails as Restore would for what can be known before; nothing is changed.
func (c *Client) CheckRestore(ctx context.Context, stack string, q BackupRequest) (BackupInfo, error) {
	return call[BackupInfo](ctx, c, http.MethodPost, "/stacks/"+url.PathEscape(stack)+"/restore/check", q)
}

// Restore brings a backup back.
func (c *Client) Restore(ctx context.Context, stack string, q BackupRequest) (BackupInfo, error) {
	return call[BackupInfo](ctx, c, http.MethodPost, "/stacks/"+url.PathEscape(stack)+"/restore", q)
}

// Backups lists the backups of an instance, oldest first, also those of a stack that is gone.
func (c *Client) Backups(ctx context.Context, stack string, at addr.Instance) ([]BackupInfo, error) {
	q := url.Values{"stack": {stack}, "instance": {at.String()}}
	return call[[]BackupInfo](ctx, c, http.MethodGet, "/backups?"+q.Encode(), nil)
}

// AllBackups lists the backups of all instances of a stack, by instance and oldest first, also of a stack that is gone.
func (c *Client) AllBackups(ctx context.Context, stack string) ([]BackupInfo, error) {
	return call[[]BackupInfo](ctx, c, http.MethodGet, "/backups?"+url.Values{"stack": {stack}}.Encode(), nil)
}

// BackupContent writes the archive of a backup to w: in clear, or encrypted for a recipient of age. After an error w holds a
// part of it.
func (c *Client) BackupContent(ctx context.Context, stack string, at addr.Instance, id, recipient string, w io.Writer) error {
	q := url.Values{"stack": {stack}, "instance": {at.String()}, "id": {id}, "recipient": {recipient}}
	answer, err := c.send(ctx, http.MethodGet, "/backups/content?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	_, err = io.Copy(w, answer)
	return err
}

// VerifyBackup reads all of a backup; it fails if that is damaged.
func (c *Client) VerifyBackup(ctx context.Context, stack string, at addr.Instance, id string) (BackupInfo, error) {
	q := url.Values{"stack": {stack}, "instance": {at.String()}, "id": {id}}
	return call[BackupInfo](ctx, c, http.MethodGet, "/backups/verify?"+q.Encode(), nil)
}

// PruneBackups removes old backups, or tells which would be removed, and returns those.
func (c *Client) PruneBackups(ctx context.Context, q PruneBackupsRequest) ([]BackupInfo, error) {
	return call[[]BackupInfo](ctx, c, http.MethodPost, "/backups/prune", q)
}

// Units lists the processes of a stack, or of all stacks with "".
func (c *Client) Units(ctx context.Context, stack string) ([]UnitInfo, error) {
	return call[[]UnitInfo](ctx, c, http.MethodGet, "/units?stack="+url.QueryEscape(stack), nil)
}

// Routes lists the routes and endpoints of a stack, or of all with "".
func (c *Client) Routes(ctx context.Context, stack string) ([]RouteInfo, error) {
	return call[[]RouteInfo](ctx, c, http.MethodGet, "/routes?stack="+url.QueryEscape(stack), nil)
}

// Act restarts, stops or starts units; verb is that word.
func (c *Client) Act(ctx context.Context, verb string, q UnitRequest) (UnitAnswer, error) {
	return call[UnitAnswer](ctx, c, http.MethodPost, "/units/"+verb, q)
}

// Runs lists the last runs of the scheduled processes that target contains, the oldest first.
func (c *Client) Runs(ctx context.Context, stack, target string) ([]TimedRun, error) {
	q := url.Values{"stack": {stack}, "target": {target}}
	return call[[]TimedRun](ctx, c, http.MethodGet, "/units/runs?"+q.Encode(), nil)
}

// RunNow lets a scheduled process run, and returns when that has ended.
func (c *Client) RunNow(ctx context.Context, q UnitRequest) (TimedRun, error) {
	return call[TimedRun](ctx, c, http.MethodPost, "/units/run-now", q)
}

// Events tells what has happened to a stack, or to all with "", and with follow what comes, until ctx ends.
func (c *Client) Events(ctx context.Context, stack string, follow bool, each func(Event) error) error {
	q := url.Values{"stack": {stack}}
	if follow {
		q.Set("follow", "1")
	}
	answer, err := c.send(ctx, http.MethodGet, "/events?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	return lines(answer, each)
}

// Logs tells the last lines of the units that component contains and, with follow, what comes after, until ctx ends.
func (c *Client) Logs(ctx context.Context, stack, component string, count int, follow bool, each func(LogLine) error) error {
	q := url.Values{"stack": {stack}, "component": {component}, "lines": {fmt.Sprint(count)}}
	if follow {
		q.Set("follow", "1")
	}
	answer, err := c.send(ctx, http.MethodGet, "/logs?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	return lines(answer, each)
}

func sortObjects(list []*state.Object) {
	slices.SortFunc(list, func(a, b *state.Object) int { return strings.Compare(a.Addr.String(), b.Addr.String()) })
}

// switchTo sends a request that the connection belongs to from then on. What the agent says next is read from answers.
func (c *Client) switchTo(ctx context.Context, protocol, path string, request any) (conn *net.UnixConn, answers io.Reader, err error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return nil, nil, fmt.Errorf("internal error: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent/"+apiVersion+path, bytes.NewReader(encoded))
	if err != nil {
		return nil, nil, fmt.Errorf("internal error: %w", err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", protocol)
	dialled, err := c.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn, ok := dialled.(*net.UnixConn)
	if !ok {
		return nil, nil, errors.Join(errors.New("internal error: not a unix socket"), dialled.Close())
	}
	reader := bufio.NewReader(conn)
	token.Show(r, tokenPath(c.home))
	if err = r.Write(conn); err == nil {
		var answer *http.Response
		if answer, err = http.ReadResponse(reader, r); err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
			err = problemOf(answer)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, reader, nil
}
