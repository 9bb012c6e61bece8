// Package certs makes and gets the certificates of the router's routes: for names of this machine from a CA of its own,
// for names of the DNS from an ACME server.
//
// In its directory it keeps
//
//	ca.pem  the CA: its certificate and its private key, PEM, own user only
//	ca.crt  the certificate alone, for browsers and others to trust
//	acme/   accounts, keys and certificates of ACME servers, as certmagic lays them out
//
// The CA is made when it is first needed. Its certificate says itself that it may speak for localhost and the names below it only, so
// whoever trusts it trusts it with nothing else, even if its key gets lost.
package certs
