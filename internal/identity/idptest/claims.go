package idptest

// idClaims are an ID token's (OpenID Connect Core section 2), with each vendor's
// own. Entra's are of version 2.0 whatever the API's access tokens are.
func (p *Provider) idClaims(c map[string]any, m minting) {
	c["iss"], c["aud"], c["sub"] = p.Issuer, m.client, m.user.Subject
	c["name"], c["preferred_username"] = m.user.Name, m.user.Name+"@example.com"
	if m.nonce != "" {
		c["nonce"] = m.nonce
	}
	switch {
	case p.Kind.Entra():
		c["sub"] = m.client[:8] + "-" + m.user.Subject // pairwise: another one for each application
		c["oid"], c["tid"], c["ver"] = m.user.OID, Tenant, "2.0"
		m.memberships(c, true)
	case p.Kind == Generic:
		m.memberships(c, false)
	default:
		delete(c, "nbf")
		c["ver"], c["idp"], c["amr"] = 1, "00o1", []string{"pwd"}
		m.memberships(c, false)
	}
}

// entraClaims are an access token's (Microsoft's access token claims reference).
func (p *Provider) entraClaims(c map[string]any, m minting) {
	c["iss"], c["aud"], c["tid"] = p.TokenIssuer, p.Audience, Tenant
	if p.Kind == EntraV1 {
		c["ver"], c["appid"], c["appidacr"] = "1.0", m.client, "1"
	} else {
		c["ver"], c["azp"], c["azpacr"] = "2.0", m.client, "1"
	}
	if m.app {
		const service = "dddddddd-0000-4000-8000-00000000a990"
		c["oid"], c["sub"], c["roles"] = service, service, []string{"Operator"}
		return
	}
	c["oid"], c["sub"], c["scp"], c["name"] = m.user.OID, m.client[:8]+"-"+m.user.Subject, "access", m.user.Name
	m.memberships(c, true)
}

// oktaClaims are an access token's (Okta's reference of its two kinds of servers).
func (p *Provider) oktaClaims(c map[string]any, m minting) {
	delete(c, "nbf")
	c["ver"], c["jti"], c["iss"], c["aud"], c["cid"] = 1, "AT.1", p.TokenIssuer, p.Audience, m.client
	if m.app {
		c["sub"], c["scp"] = m.client, []string{"access"}
		return
	}
	c["sub"], c["uid"], c["scp"] = m.user.Name+"@example.com", m.user.Subject, []string{"openid", "access"}
	if p.Kind == OktaCustom {
		m.memberships(c, false)
	}
}

// genericClaims are an access token's after RFC 9068.
func (p *Provider) genericClaims(c map[string]any, m minting) {
	c["iss"], c["aud"], c["client_id"], c["jti"] = p.TokenIssuer, p.Audience, m.client, "1"
	if m.app {
		c["sub"] = m.client
		return
	}
	c["sub"], c["name"], c["scope"] = m.user.Subject, m.user.Name, "openid access"
	m.memberships(c, false)
}

// memberships adds groups and roles. Entra leaves the groups out where there are
// too many, and says where they can be asked for.
func (m minting) memberships(c map[string]any, entra bool) {
	switch {
	case entra && m.user.Overage:
		c["_claim_names"] = map[string]string{"groups": "src1"}
		c["_claim_sources"] = map[string]any{"src1": map[string]string{
			"endpoint": "https://graph.windows.net/" + Tenant + "/users/" + m.user.OID + "/getMemberObjects"}}
	case len(m.user.Groups) > 0:
		c["groups"] = m.user.Groups
	}
	if len(m.user.Roles) > 0 {
		c["roles"] = m.user.Roles
	}
}
