// Photos as people have them, through the binary and a model that changes nothing: every file is
// either right to the pixel or reported by name, and none is lost.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "support/awkward_folder.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// How JSON shows a name that is no UTF-8.
std::string shown(const std::string& name) {
  return Json::parse(Json(name).dump(-1, ' ', false, Json::error_handler_t::replace));
}

TEST(Awkward, EveryFileIsRightToThePixelOrReportedByName) {
  const TemporaryDirectory directory;
  const fs::path model = make_identity_model(directory / "identity.safetensors");
  const fs::path in = directory / "in";
  const fs::path out = directory / "out";
  const auto files = make_awkward_folder(in);
  ASSERT_GE(files.size(), 130U);

  const Finished run = run_solstice({"translate", "--model", model.string(), in.string(), "--out",
                                     out.string(), "--json", "--memory", "1G"});
  EXPECT_EQ(run.code, 1);
  std::map<std::string, Json> answers;
  for (const std::string& text : lines_of(run.out)) {
    const Json line = Json::parse(text);
    answers[line["input"].get<std::string>().substr(in.string().size() + 1)] = line;
  }
  EXPECT_EQ(answers.size(), files.size());

  size_t results = 0;
  for (const auto& [name, expected] : files) {
    ASSERT_TRUE(answers.contains(shown(name))) << "lost: " << name;
    const Json& answer = answers.at(shown(name));
    if (expected.pixels.empty()) {
      EXPECT_EQ(answer["status"], "failed") << name;
      const std::string error = answer.value("error", "");
      EXPECT_NE(error.find(expected.reason), std::string::npos) << name << ": " << error;
      EXPECT_FALSE(fs::exists(out / name)) << name;
      continue;
    }
    ++results;
    ASSERT_EQ(answer["status"], "done") << name << ": " << answer.value("error", "");
    const cv::Mat found = load_image((out / name).string()).pixels;
    ASSERT_EQ(found.size(), expected.pixels.size()) << name;
    ASSERT_EQ(found.type(), expected.pixels.type()) << name;
    EXPECT_LE(cv::norm(found, expected.pixels, cv::NORM_INF), expected.tolerance) << name;
  }
  EXPECT_EQ(files_below(out).size(), results) << "nothing but the results, no temporary";
}

}  // namespace
}  // namespace solstice::testing
