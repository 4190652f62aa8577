package main

import (
	"archive/zip"
	"compress/flate"
	"encoding/json"
	"io"
	"os"
	"strings"
)

// younger are the services that these models have not, or have no longer, and that
// Step Functions knows: from its release history of service integrations and from
// the packages of newer SDKs. Their names are known, their shapes are not.
var younger = strings.Fields(`
aiops alexaforbusiness apigatewayv2 arcregionswitch backupsearch backupstorage bcmdashboards bcmpricingcalculator
bcmrecommendedactions bedrockagentcore bedrockagentcorecontrol bedrockdataautomation bedrockdataautomationruntime billing
cloudfrontkeyvaluestore codecatalyst computeoptimizerautomation connectcampaignsv2 connecthealth devopsagent
directoryservicedata dsql elementalinference evs gameliftstreams gamesparks geomaps geoplaces georoutes honeycode
interconnect invoicing iotmanagedintegrations iotroborunner keyspacesstreams lambdacore lambdamicrovms macie
marketplacediscovery marketplacereporting mpa mwaaserverless neptunegraph networkflowmonitor notifications
notificationscontacts novaact observabilityadmin odb partnercentralaccount partnercentralbenefits partnercentralchannel
partnercentralrevenuemeasurement partnercentralselling pcs resiliencehubv2 route53globalresolver rtbfabric s3files s3tables
s3vectors sagemakerjobruntime sagemakerruntimehttp2 securityagent securityir signerdata signin simpledbv2 socialmessaging
ssmguiconnect ssmquicksetup supportauthz sustainability uxc wickr workspacesinstances`)

// writeExtract writes an archive with an entry for each service, without times.
func writeExtract(path string, names []string, services map[string]*service) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		text, err := json.Marshal(services[name])
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}
