// Package sdktest tries the laws of package laws on a resource type, as a part of the tests of its package.
package sdktest
