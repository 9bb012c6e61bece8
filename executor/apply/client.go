package apply

import (
	"fmt"
	"os/user"
	"strconv"
)

// Client is the process that began a run, as the kernel names it. It may have ended long since.
type Client struct {
	UID int `json:"uid"`
	PID int `json:"pid"`
}

// String is "user kim (process 812)".
func (c Client) String() string {
	name := strconv.Itoa(c.UID)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	return fmt.Sprintf("user %s (process %d)", name, c.PID)
}
