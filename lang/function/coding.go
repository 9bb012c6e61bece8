package function

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// conversion is a function from one string to another.
func conversion(description string, convert func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Description: description,
		Params:      []function.Parameter{param("text")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := convert(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(s), nil
		},
	})
}

func base64Encode() function.Function {
	return conversion("The text in Base64.", func(s string) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(s)), nil
	})
}

func base64Decode() function.Function {
	return conversion("The text that stands in Base64.", func(s string) (string, error) {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			// The text may be a secret, so it is not shown.
			return "", fmt.Errorf("this is not Base64")
		}
		if !utf8.Valid(b) {
			return "", fmt.Errorf("what stands in Base64 here is not text in UTF-8")
		}
		return string(b), nil
	})
}

func urlEncode() function.Function {
	return conversion("The text as it stands in the query of a URL.", func(s string) (string, error) {
		return url.QueryEscape(s), nil
	})
}

func md5Hex() function.Function {
	return conversion("The MD5 checksum of the text; it protects nothing.", func(s string) (string, error) {
		sum := md5.Sum([]byte(s))
		return hex.EncodeToString(sum[:]), nil
	})
}

func sha1Hex() function.Function {
	return conversion("The SHA-1 checksum of the text; it protects nothing.", func(s string) (string, error) {
		sum := sha1.Sum([]byte(s))
		return hex.EncodeToString(sum[:]), nil
	})
}

func sha256Hex() function.Function {
	return conversion("The SHA-256 checksum of the text.", func(s string) (string, error) {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:]), nil
	})
}

func sha512Hex() function.Function {
	return conversion("The SHA-512 checksum of the text.", func(s string) (string, error) {
		sum := sha512.Sum512([]byte(s))
		return hex.EncodeToString(sum[:]), nil
	})
}

// uuidV5 is the name-based UUID of RFC 9562: the same for the same names, everywhere.
func uuidV5() function.Function {
	return function.New(&function.Spec{
		Description: `The UUID of a name within "dns", "url", "oid", "x500" or the UUID of another namespace.`,
		Params:      []function.Parameter{param("namespace"), param("name")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			namespace, err := uuidNamespace(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			sum := sha1.Sum(append(namespace, args[1].AsString()...))
			sum[6] = sum[6]&0x0f | 0x50 // version 5
			sum[8] = sum[8]&0x3f | 0x80 // the variant of the RFC
			x := hex.EncodeToString(sum[:16])
			return cty.StringVal(x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]), nil
		},
	})
}

func uuidNamespace(s string) ([]byte, error) {
	// The RFC numbers its namespaces in the last digit of the first group.
	const format = "6ba7b81%d-9dad-11d1-80b4-00c04fd430c8"
	switch s {
	case "dns":
		s = fmt.Sprintf(format, 0)
	case "url":
		s = fmt.Sprintf(format, 1)
	case "oid":
		s = fmt.Sprintf(format, 2)
	case "x500":
		s = fmt.Sprintf(format, 4)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 || len(s) != 36 {
		return nil, fmt.Errorf(`this is neither "dns", "url", "oid", "x500" nor a UUID`)
	}
	return b, nil
}
