#include "core/html.h"

#include <gtest/gtest.h>

namespace solstice {
namespace {

TEST(Html, EncodesBase64AsTheStandardDoes) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xff\xef"), "/+8=");
}

TEST(Html, EscapesWhatItWouldRead) {
  EXPECT_EQ(escape_html("<b>\"&'"), "&lt;b&gt;&quot;&amp;&#39;");
}

TEST(Html, BeginsAPageThatLoadsNothing) {
  const std::string head = html_head("a & b", "td { color: red; }\n");
  EXPECT_TRUE(head.starts_with("<!doctype html>"));
  EXPECT_NE(head.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(head.find("td { color: red; }\n</style>"), std::string::npos);
  EXPECT_TRUE(head.ends_with("<h1>a &amp; b</h1>\n")) << head;
}

}  // namespace
}  // namespace solstice
