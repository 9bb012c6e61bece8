// Package systemd has the agent started by systemd after a reboot: it writes a unit, as systemd.service(5) describes them, and
// has systemctl take it up. Without systemd it says the line for cron.
package systemd
