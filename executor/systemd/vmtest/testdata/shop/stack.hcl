stack "shop" {}

app "front" {
  source    = "./front"
  instances = 2
}
app "mid" { source = "./mid" }
app "eater" { source = "./eater" }
app "bounded" { source = "./bounded" }
