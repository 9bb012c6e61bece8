package builtin

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// secretAlphabet has the letters and digits that nobody takes for one another. They need no quoting in a URL, in
// SQL, in a shell or in a configuration file.
const secretAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func secretSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A generated secret, such as a password. It lives in the vault alone and stays the same until it is deleted.",
		Attributes: map[string]sdk.Attribute{
			"length": {Type: cty.Number, Default: cty.NumberIntVal(24), Replace: true,
				Description: "Bytes of randomness in it, from 16 to 1024; the text is longer by more than a third."},
			"value": {Type: cty.String, Computed: true, Sensitive: true, Stable: true,
				Description: "The secret: letters and digits without those that look alike."},
		},
	}
}

// secret makes secrets.
type secret struct{ random io.Reader }

var _ sdk.Resource = secret{}

// Read returns what is known: a secret is nowhere else.
func (secret) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	return id.Known, nil
}

func (s secret) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() || isSet(r.After, "value") {
		return r.After, nil // a value is there when the secret is kept or an undo brings it back
	}
	length, err := whole(r.After, "length", 16, 1024)
	if err == nil {
		err = ctx.Err()
	}
	var value string
	if err == nil {
		value, err = randomText(s.random, length)
	}
	if err != nil {
		return answer(r.Before, "cannot make the secret", err)
	}
	return with(r.After, "value", cty.StringVal(value)), nil
}

// randomText returns a text that is as hard to guess as the given number of random bytes.
func randomText(random io.Reader, length int) (string, error) {
	bits := math.Log2(float64(len(secretAlphabet)))
	value := make([]byte, 0, int(math.Ceil(float64(8*length)/bits)))
	fair := 256 - 256%len(secretAlphabet) // bytes from here on would make some letters likelier
	one := make([]byte, 1)
	for len(value) < cap(value) {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", fmt.Errorf("cannot read randomness: %w", err)
		}
		if int(one[0]) < fair {
			value = append(value, secretAlphabet[int(one[0])%len(secretAlphabet)])
		}
	}
	return string(value), nil
}
