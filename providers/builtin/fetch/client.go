package fetch

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// connectTimeout is short: a server that is there answers at once, and one that is not must not hold up an apply.
const connectTimeout = 5 * time.Second

// NewClient returns a client for downloads. Proxy names the proxy for a request, nil for none; a nil function takes
// the environment's.
func NewClient(proxy func(*http.Request) (*url.URL, error)) *http.Client {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 proxy,
			DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 20 * time.Second,
			IdleConnTimeout:       30 * time.Second,
			MaxIdleConnsPerHost:   4,
			DisableCompression:    true, // a digest is that of the bytes on the wire
		},
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("more than 10 redirections")
	}
	if next.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https" {
		return errors.New("a redirection from https to " + next.URL.Scheme + " is refused")
	}
	return nil
}
