package crypto

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"

	"stile/policy/expr/clr"
)

// readXMLKey reads an <RSAKeyValue> (XML Signature, 4.5.2.2, and .NET's private
// parameters), as AsymmetricAlgorithm.FromXmlString does.
func readXMLKey(m *clr.Machine, r *RSA, s string) {
	m.Work(rsaWork + len(s)/64)
	if !strings.Contains(s, "<RSAKeyValue") {
		fail(m, "Input string does not contain a valid encoding of the 'RSA' 'RSAKeyValue' parameter.")
	}
	field := func(name string) *big.Int {
		_, rest, ok := strings.Cut(s, "<"+name+">")
		body, _, closed := strings.Cut(rest, "</"+name+">")
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
		if !ok || !closed || err != nil || len(b) == 0 {
			return nil
		}
		return new(big.Int).SetBytes(b)
	}
	n, e := field("Modulus"), field("Exponent")
	if n == nil || e == nil || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		fail(m, "Input string does not contain a valid encoding of the 'RSA' 'Modulus' parameter.")
	}
	public := &rsa.PublicKey{N: n, E: int(e.Int64())}
	if n.BitLen() > 16384 {
		fail(m, "Specified key is not a valid size for this algorithm.")
	}
	d, p, q := field("D"), field("P"), field("Q")
	if d == nil || p == nil || q == nil {
		r.public, r.private = public, nil
		return
	}
	if longest := n.BitLen(); d.BitLen() > longest || p.BitLen() > longest || q.BitLen() > longest {
		fail(m, "The parameter is incorrect.")
	}
	m.Work(2 * privateWork(public))
	key := &rsa.PrivateKey{PublicKey: *public, D: d, Primes: []*big.Int{p, q}}
	key.Precompute()
	if key.Validate() != nil {
		fail(m, "The parameter is incorrect.")
	}
	r.public, r.private = &key.PublicKey, key
}
