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

}  // namespace
}  // namespace solstice
