package builtin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func redisUserSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A Redis user for one consumer, who sees only the keys and channels that begin with a prefix and has no administrative or dangerous commands. The server needs an aclfile. Deleting it closes its connections; the keys stay.",
		Attributes: map[string]sdk.Attribute{
			"port": {Type: cty.Number, Required: true,
				Description: "TCP port of the server on the loopback address."},
			"admin_username": {Type: cty.String, Required: true,
				Description: "A user who may use ACL commands."},
			"admin_password": {Type: cty.String, Required: true, Sensitive: true,
				Description: "That user's password."},
			"username": {Type: cty.String, Required: true, Replace: true,
				Description: "Name of the user: letters, digits, \"_\", \"-\" and \".\"."},
			"password": {Type: cty.String, Required: true, Sensitive: true,
				Description: "The user's password. A change takes effect at the next login."},
			"prefix": {Type: cty.String, Required: true,
				Description: "What the names of the user's keys and channels begin with, such as \"shop:\": letters, digits, \"_\", \"-\", \".\" and \":\". Empty for all keys."},
		},
	}
}

// redisUser makes ACL users.
type redisUser struct{}

var _ sdk.Resource = redisUser{}

// Read asks as the administrator, who also sees a user whose rights were changed.
func (redisUser) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	none := cty.NullVal(redisUserSchema().Object())
	if id.Known.IsNull() {
		return none, nil
	}
	conn, err := connectRedis(ctx, id.Known)
	if err != nil {
		return answer(none, "cannot look at the Redis user", err)
	}
	defer conn.Close()
	rules, err := redisRules(ctx, conn, text(id.Known, "username"))
	if err != nil || !allows(rules, id.Known) {
		return answer(none, "cannot look at the Redis user", err)
	}
	return id.Known, nil
}

func (redisUser) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	wanted := r.After
	if wanted.IsNull() {
		wanted = r.Before
	}
	if wanted.IsNull() {
		return r.After, nil
	}
	if err := checkRedisUser(wanted); err != nil {
		return answer(r.Before, "cannot change the Redis user", err)
	}
	conn, err := connectRedis(ctx, wanted)
	if err != nil {
		return answer(r.Before, "cannot change the Redis user", err)
	}
	defer conn.Close()
	if r.After.IsNull() {
		err = dropRedisUser(ctx, conn, wanted)
		if err != nil {
			return answer(r.Before, "cannot delete the Redis user", err)
		}
		return r.After, nil
	}
	err = ensureRedisUser(ctx, conn, wanted) // what it leaves on failure may be a user who is not saved
	return answer(r.After, "cannot make the Redis user", err)
}

// ensureRedisUser sets all rules of the user in one command, so that there is no moment with half of them. It saves
// even if nothing was to do: an earlier attempt may have died in between.
func ensureRedisUser(ctx context.Context, conn redis.Conn, v cty.Value) error {
	name := text(v, "username")
	rules, err := redisRules(ctx, conn, name)
	if err != nil {
		return err
	}
	if !allows(rules, v) {
		set := redis.Args{"SETUSER", name, "reset"}.AddFlat(redisWants(v)).Add("+@all", "-@admin", "-@dangerous")
		if _, err := redis.DoContext(conn, ctx, "ACL", set...); err != nil {
			return fmt.Errorf("user %q: %w", name, err)
		}
	}
	return saveRedisUsers(ctx, conn)
}

func dropRedisUser(ctx context.Context, conn redis.Conn, v cty.Value) error {
	if _, err := redis.DoContext(conn, ctx, "ACL", "DELUSER", text(v, "username")); err != nil {
		return fmt.Errorf("user %q: %w", text(v, "username"), err)
	}
	return saveRedisUsers(ctx, conn)
}

// saveRedisUsers makes the users outlive the server's process.
func saveRedisUsers(ctx context.Context, conn redis.Conn) error {
	if _, err := redis.DoContext(conn, ctx, "ACL", "SAVE"); err != nil {
		return fmt.Errorf("cannot save the users; the server's configuration must name an aclfile that it can write: %w", err)
	}
	return nil
}

// redisWants are the rules that make the user usable, in the words of ACL SETUSER and ACL LIST. The password goes as
// its SHA-256, as Redis keeps it.
func redisWants(v cty.Value) []string {
	pattern := text(v, "prefix") + "*"
	return []string{"on", fmt.Sprintf("#%x", sha256.Sum256([]byte(text(v, "password")))), "~" + pattern, "&" + pattern}
}

// allows reports whether rules of ACL LIST give what v wants, and no other keys, channels, passwords or commands.
// Redis lists "-@admin" only in some versions: "-@dangerous" says it all.
func allows(rules []string, v cty.Value) bool {
	wanted := append(redisWants(v), "+@all", "-@dangerous")
	for _, rule := range wanted {
		if !slices.Contains(rules, rule) {
			return false
		}
	}
	return !slices.ContainsFunc(rules, func(rule string) bool {
		return rule == "nopass" || strings.ContainsAny(rule[:1], "#~&%(+") && !slices.Contains(wanted, rule)
	})
}

// redisRules returns the rules of one user; nil if there is none.
func redisRules(ctx context.Context, conn redis.Conn, name string) ([]string, error) {
	users, err := redis.Strings(redis.DoContext(conn, ctx, "ACL", "LIST"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the users: %w", err)
	}
	for _, line := range users {
		if words := strings.Fields(line); len(words) > 2 && words[0] == "user" && words[1] == name {
			return words[2:], nil
		}
	}
	return nil, nil
}

// checkRedisUser refuses what would mean something else in an ACL rule, and users that are not ours to change.
func checkRedisUser(v cty.Value) error {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
	name := text(v, "username")
	switch {
	case name == "" || strings.Trim(name, plain) != "":
		return wrong("username", "must have letters, digits, \"_\", \"-\" and \".\" only")
	case name == "default" || name == text(v, "admin_username"):
		return wrong("username", "is the server's own user %q; choose another name", name)
	case strings.Trim(text(v, "prefix"), plain+":") != "":
		return wrong("prefix", "must have letters, digits, \"_\", \"-\", \".\" and \":\" only")
	case text(v, "password") == "":
		return wrong("password", "is empty")
	}
	return nil
}

func connectRedis(ctx context.Context, v cty.Value) (redis.Conn, error) {
	port, err := whole(v, "port", 1, 65535)
	if err != nil {
		return nil, err
	}
	conn, err := redis.DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port),
		redis.DialUsername(text(v, "admin_username")), redis.DialPassword(text(v, "admin_password")),
		redis.DialConnectTimeout(10*time.Second), redis.DialReadTimeout(10*time.Second), redis.DialWriteTimeout(10*time.Second))
	var said redis.Error
	if errors.As(err, &said) {
		return nil, fmt.Errorf("the server does not let %q in: %w", text(v, "admin_username"), err)
	}
	return conn, err
}
