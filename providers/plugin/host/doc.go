// Package host is the side of plugins that starts and calls them: a plugin's program becomes a provider like the ones in
// the box.
//
// A plugin is started when it is first called, and then stays; a host that comes after one that was killed finds it again.
// Its types are known without it: they are in its package, signed, or kept under the digest of its program. It is foreign code,
// and this is what it can do to us:
//
//   - It gets a few variables of the environment, a directory of its own, and the values of the things it is asked about.
//   - It has 5 s to start, or up to 30 s as long as it has something to do. A call may be silent for the patience of its type, usually 8 s; then the plugin is killed.
//   - A program whose types are not those that were signed is ended before anything is asked of it.
//   - A message has at most 4 MiB, and it and a value in it few enough parts that reading them costs little more.
//   - What it plans has to keep the promises of a planner, and then to come true.
//   - Of its standard error the last 2 KiB until it has started are shown when it does not start. What comes later is passed on, a few
//     lines and without what the schema calls sensitive; see said.go.
//   - A result has to fit the schema and what was wanted, and shows no sensitive value outside a sensitive attribute.
//   - Whatever else it does, the call fails with the cause, and the next call starts it anew.
//
// It runs as the same user as we do, so none of this keeps a malicious plugin from what that user may do.
package host
