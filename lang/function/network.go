package function

import (
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func number(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.Number}
}

func cidrHost() function.Function {
	return function.New(&function.Spec{
		Description: "The address with that number in the network; a negative number counts from its end.",
		Params:      []function.Parameter{param("prefix"), number("number")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, err := prefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			bits := p.Addr().BitLen() - p.Bits()
			n, err := place(args[1], 1, bits, true)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(plus(p.Addr(), n).String()), nil
		},
	})
}

func cidrNetmask() function.Function {
	return function.New(&function.Spec{
		Description: "The netmask of an IPv4 network, such as 255.255.0.0.",
		Params:      []function.Parameter{param("prefix")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, err := prefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			if !p.Addr().Is4() {
				return cty.NilVal, function.NewArgErrorf(0, "only IPv4 networks have a netmask")
			}
			full := netip.MustParseAddr("255.255.255.255")
			return cty.StringVal(netip.PrefixFrom(full, p.Bits()).Masked().Addr().String()), nil
		},
	})
}

func cidrSubnet() function.Function {
	return function.New(&function.Spec{
		Description: "The network with that number among those that are so many bits longer.",
		Params:      []function.Parameter{param("prefix"), number("bits"), number("number")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, err := prefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			free := p.Addr().BitLen() - p.Bits()
			more, accuracy := args[1].AsBigFloat().Int64()
			if accuracy != big.Exact || more < 0 || more > int64(free) {
				return cty.NilVal, function.NewArgErrorf(1, "this must be a whole number from 0 to %d", free)
			}
			n, err := place(args[2], 2, int(more), false)
			if err != nil {
				return cty.NilVal, err
			}
			n.Lsh(n, uint(free)-uint(more))
			return cty.StringVal(netip.PrefixFrom(plus(p.Addr(), n), p.Bits()+int(more)).String()), nil
		},
	})
}

// prefix reads a network and clears the bits of the host.
func prefix(v cty.Value) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(v.AsString())
	if err != nil {
		return p, function.NewArgErrorf(0, "%q is not a network such as 10.1.0.0/16", v.AsString())
	}
	return p.Masked(), nil
}

// place reads a number that fits into so many bits; a negative one, where allowed, counts from the end.
func place(v cty.Value, arg, bits int, negative bool) (*big.Int, error) {
	limit := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	f := v.AsBigFloat()
	n := new(big.Int)
	// The comparison comes first: a number such as 1e999 is exact and huge.
	fits := f.MantExp(nil) <= 130
	if fits {
		_, accuracy := f.Int(n)
		fits = accuracy == big.Exact
	}
	if fits && negative && n.Sign() < 0 {
		n.Add(n, limit)
	}
	if !fits || n.Sign() < 0 || n.Cmp(limit) >= 0 {
		return nil, function.NewArgError(arg, fmt.Errorf("there is no such number among %s", limit))
	}
	return n, nil
}

// plus adds n to an address; the sum must be an address of the same kind.
func plus(a netip.Addr, n *big.Int) netip.Addr {
	sum := new(big.Int).SetBytes(a.AsSlice())
	sum.Add(sum, n)
	b := make([]byte, a.BitLen()/8)
	sum.FillBytes(b)
	out, _ := netip.AddrFromSlice(b)
	return out
}
