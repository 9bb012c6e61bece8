//go:build unix

package builtin_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gomodule/redigo/redis"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

// redisServer is a running server.
type redisServer struct {
	port  int
	acl   string // its aclfile
	names atomic.Int64
}

func startRedis(t *testing.T, aclfile bool) *redisServer {
	server, dir := binary(t, "redis-server"), serverDirectory(t)
	s := &redisServer{port: freePort(t), acl: filepath.Join(dir, "users.acl")}
	admin := fmt.Sprintf("user admin on #%x ~* &* +@all\n", sha256.Sum256([]byte(adminPassword)))
	arguments := []string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""}
	if aclfile {
		if err := os.WriteFile(s.acl, []byte("user default off\n"+admin), 0o666); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "--aclfile", s.acl)
	} else {
		arguments = append(arguments, append([]string{"--user"}, strings.Fields(admin)[1:]...)...)
	}
	serve(t, asServer(dir, server, arguments...), func() bool { return s.do("admin", adminPassword, "PING") == "PONG" })
	return s
}

// do logs in and returns the text of the answer, or the error.
func (s *redisServer) do(user, password, command string, arguments ...any) string {
	conn, err := redis.Dial("tcp", "127.0.0.1:"+strconv.Itoa(s.port), redis.DialUsername(user), redis.DialPassword(password))
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	answer, err := conn.Do(command, arguments...)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s", answer)
}

func (s *redisServer) values(name, password, prefix string) sdktest.Values {
	return sdktest.Values{
		"port": cty.NumberIntVal(int64(s.port)), "admin_username": str("admin"), "admin_password": str(adminPassword),
		"username": str(name), "password": str(password), "prefix": str(prefix),
	}
}

func TestRedisUser(t *testing.T) {
	s := startRedis(t, true)
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "redis_user", Cases: []sdktest.Case{{
		Name: "consumer", New: func(t *testing.T) sdktest.Thing {
			name := fmt.Sprintf("shop-%d", s.names.Add(1))
			first, second := "first password", "second-password"
			wrong := s.values(name, first, "a:")
			wrong["admin_password"] = str("not the password")
			return sdktest.Thing{
				Create:  s.values(name, first, name+":"),
				Updates: []sdktest.Values{s.values(name, second, name+":"), s.values(name, second, "")},
				Wrong:   []sdktest.Values{wrong, s.values("default", first, ""), s.values("a b", first, ""), s.values(name, first, "a*"), s.values(name, "", "a")},
				Observe: func() any {
					return []string{s.do(name, first, "GET", name+":x"), s.do(name, second, "GET", "other:x"), strconv.FormatBool(strings.Contains(content(s.acl), "user "+name+" "))}
				},
				Damage: func() { s.do("admin", adminPassword, "ACL", "SETUSER", name, "~more*") },
			}
		},
	}}})
}

// A consumer reaches its own keys and channels, and nothing that others or the administrator need.
func TestRedisUserIsolation(t *testing.T) {
	s, o := startRedis(t, true), newOne(t, builtin.Options{}, "redis_user")
	v := o.create(s.values("shop", "password-of-shop", "shop:"))
	for _, c := range []struct{ command, argument, want string }{
		{"SET", "shop:a 1", "OK"}, {"SET", "other:a 1", "NOPERM"}, {"PUBLISH", "shop:news x", "%!s(int64=0)"}, {"PUBLISH", "news x", "NOPERM"},
		{"FLUSHALL", "", "NOPERM"}, {"CONFIG", "GET dir", "NOPERM"}, {"ACL", "LIST", "NOPERM"}, {"KEYS", "*", "NOPERM"},
	} {
		var arguments []any
		for _, a := range strings.Fields(c.argument) {
			arguments = append(arguments, a)
		}
		if got := s.do("shop", "password-of-shop", c.command, arguments...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %s, want %s", c.command, c.argument, got, c.want)
		}
	}
	if strings.Contains(content(s.acl), "password-of-shop") {
		t.Error("the aclfile has the password in clear")
	}
	if _, err := o.apply(t.Context(), v, o.null(), "2"); err != nil {
		t.Fatal(err)
	}
	if got := s.do("admin", adminPassword, "GET", "shop:a"); got != "1" {
		t.Errorf("the data after the deletion: %s", got)
	}
}

// Without an aclfile the user would not outlive the server; the error says so.
func TestRedisUserWithoutFile(t *testing.T) {
	s, o := startRedis(t, false), newOne(t, builtin.Options{}, "redis_user")
	if text := o.refuse(s.values("shop", "password-of-shop", "shop:")); !strings.Contains(text, "aclfile") {
		t.Error(text)
	}
}
