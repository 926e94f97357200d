module example

go 1.26.0

require gsign v0.0.0

require (
	github.com/ProtonMail/go-crypto v1.5.2 // indirect
	github.com/digitorus/pdf v0.3.0 // indirect
	github.com/digitorus/pkcs7 v0.0.0-20250730155240-ffadbf3f398c // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)

replace gsign => ../..
