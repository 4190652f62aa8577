package policies

import (
	"errors"

	"stile/policy"
	"stile/policy/exchange"
)

var decryptionKeysSchema = policy.Schema{Children: []policy.Child{{Name: "key", Required: true, Many: true,
	Schema: policy.Schema{Text: true, Attributes: []policy.Attribute{{Name: "id"}, {Name: "certificate-id"},
		{Name: "n"}, {Name: "e"}}}}}}

// decryptionKey is one key of decryption-keys.
type decryptionKey struct {
	id          string
	secret      policy.Value
	certificate *policy.Certificate // nil: the key stands in the document
}

func (p *jwtPolicy) compileDecryption(c *policy.Compiler, list *policy.Element) {
	if list == nil {
		return
	}
	for _, el := range list.Elements("key") {
		k := decryptionKey{id: c.Value(el, "id").Constant(), secret: c.Text(el)}
		stored := el.Attr("certificate-id") != nil
		switch {
		case el.Attr("n") != nil || el.Attr("e") != nil:
			c.Warn(el, policy.CodeValue, "a public key decrypts nothing: no token is opened with this key", `name a certificate: <key certificate-id="NAME" />`)
			continue
		case stored == k.secret.Set():
			c.Fault(el, policy.CodeValue, "a key is its text in base64, or a certificate's", `write <key>…</key>, or <key certificate-id="NAME" />`)
		case stored:
			k.certificate = storedCertificate(c, el)
		case !k.secret.IsExpression():
			if _, err := secretBytes(k.secret.Constant()); err != nil {
				c.Warn(el, policy.CodeValue, "the key is not base64, so that no encrypted token can pass", "encode the key's bytes in base64")
			}
		}
		p.decryption = append(p.decryption, k)
	}
}

// opened gives the signed token inside an encrypted one; any other token as it is.
func (p *jwtPolicy) opened(ex *exchange.Exchange, env *policy.Env, token string) (string, error) {
	if len(p.decryption) == 0 {
		return token, nil
	}
	keys := make([]policy.DecryptionKey, len(p.decryption))
	for i, k := range p.decryption {
		keys[i].ID = k.id
		if k.certificate != nil {
			if err := usable(k.certificate); err != nil {
				return "", err
			}
			keys[i].Private = k.certificate.TLS.PrivateKey
			continue
		}
		text, err := k.secret.Text(ex, env)
		if err != nil {
			return "", err
		}
		if keys[i].Secret, err = secretBytes(text); err != nil {
			return "", policy.FailValue("the decryption key is not base64")
		}
	}
	inner, err := env.Tokens.Decrypt(token, keys)
	var wrong *policy.TokenError
	if errors.As(err, &wrong) {
		return "", refused(wrong.Reason, "%s", wrong.Message)
	}
	return inner, err
}
