package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Wanted is a name that needs a certificate of an ACME server.
type Wanted struct {
	Host      string // of the DNS, in lower case
	Email     string // of who is told when something is wrong; may be empty
	Directory string // of the server; "" for that of Let's Encrypt
}

func (w Wanted) account() Wanted { return Wanted{Email: w.Email, Directory: w.Directory} }

// Fronts are the ports where the challenges of an ACME server arrive. The server asks at 80 and 443; where these are others,
// somebody has to forward.
type Fronts struct {
	Host        string // that is listened on, "" for all
	HTTP, HTTPS int
}

// authority is one account at one ACME server.
type authority struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	hosts  []string
}

// Manage gets the certificates of these names, renews them for as long as they are wanted, and returns at once. Challenges
// are answered by Certificate and Challenge. What goes wrong is logged and tried again, for weeks.
func (s *Store) Manage(wanted []Wanted, fronts Fronts) error {
	s.acme.Lock()
	defer s.acme.Unlock()
	if fronts != s.fronts {
		s.forget()
		s.fronts = fronts
	}
	byAccount := map[Wanted][]string{}
	for _, w := range wanted {
		byAccount[w.account()] = append(byAccount[w.account()], w.Host)
	}
	for account, a := range s.authorities {
		if byAccount[account] == nil {
			a.cache.Stop()
			delete(s.authorities, account)
		}
	}
	var errs []error
	for account, hosts := range byAccount {
		slices.Sort(hosts)
		errs = append(errs, s.authority(account).manage(slices.Compact(hosts)))
	}
	return errors.Join(errs...)
}

func (a *authority) manage(hosts []string) error {
	if slices.Equal(hosts, a.hosts) {
		return nil
	}
	var gone []certmagic.SubjectIssuer
	for _, h := range a.hosts {
		if !slices.Contains(hosts, h) {
			gone = append(gone, certmagic.SubjectIssuer{Subject: h})
		}
	}
	a.cache.RemoveManaged(gone)
	a.hosts = hosts
	return a.config.ManageAsync(context.Background(), hosts)
}

func (s *Store) authority(account Wanted) *authority {
	if a := s.authorities[account]; a != nil {
		return a
	}
	// Only what goes wrong: the log of the router is read by people.
	logger := zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.WarnLevel))
	a := &authority{}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{Logger: logger, GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil }})
	a.config = certmagic.New(a.cache, certmagic.Config{Logger: logger, Storage: &certmagic.FileStorage{Path: filepath.Join(s.dir, acmeName)}})
	a.issuer = certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: cmp.Or(account.Directory, certmagic.LetsEncryptProductionCA), Email: account.Email, Agreed: true, Logger: logger,
		ListenHost: s.fronts.Host, AltHTTPPort: s.fronts.HTTP, AltTLSALPNPort: s.fronts.HTTPS,
	})
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	s.authorities[account] = a
	return a
}

// forget stops everything that Manage began.
func (s *Store) forget() {
	for _, a := range s.authorities {
		a.cache.Stop()
	}
	clear(s.authorities)
}

// Managed returns the certificate for a handshake with a name that Manage was given, or answers a challenge.
func (s *Store) Managed(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, a := range s.all() {
		if cert, err := a.config.GetCertificate(hello); err == nil {
			return cert, nil
		}
	}
	return nil, errors.New("there is no certificate yet")
}

// Challenge answers a request by which an ACME server makes sure that a name leads here, and reports whether it was one.
func (s *Store) Challenge(w http.ResponseWriter, r *http.Request) bool {
	for _, a := range s.all() {
		if a.issuer.HandleHTTPChallenge(w, r) {
			return true
		}
	}
	return false
}

func (s *Store) all() []*authority {
	s.acme.Lock()
	defer s.acme.Unlock()
	all := make([]*authority, 0, len(s.authorities))
	for _, a := range s.authorities {
		all = append(all, a)
	}
	return all
}

// Close ends the looking after certificates.
func (s *Store) Close() {
	s.acme.Lock()
	defer s.acme.Unlock()
	s.forget()
}
